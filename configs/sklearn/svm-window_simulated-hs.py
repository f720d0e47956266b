_base_ = './svm_simulated-hs.py'

# Each pixel with means and standard deviations over the window around it.
classifier = dict(window=11)
