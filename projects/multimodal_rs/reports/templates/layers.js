'use strict';
for (const box of document.querySelectorAll('.layers')) {
  const slider = box.querySelector('.slider input');
  const shown = box.querySelector('.slider output');
  const pictures = (group) => box.querySelectorAll(`.stack img[data-group="${group}"]`);
  const fade = () => {
    shown.value = `${slider.value} %`;
    for (const picture of pictures('above')) picture.style.opacity = slider.value / 100;
  };
  slider.addEventListener('input', fade);
  fade();
  for (const choice of box.querySelectorAll('input[type="radio"]')) {
    choice.addEventListener('change', () => {
      const group = choice.name.split('-')[0];
      pictures(group).forEach((picture, i) => { picture.hidden = i !== Number(choice.value); });
    });
  }
}
