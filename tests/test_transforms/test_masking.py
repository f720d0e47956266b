"""Modalities that are left out."""

from fake_data.numbered import BANDS, LOAD, PACK, build, make_tile


def test_modality_dropout_keeps_at_least_one(tmp_path):
    make_tile(tmp_path)
    drop = dict(type='ModalityDropout', probs=dict.fromkeys(BANDS, 0.9))
    dataset = build(tmp_path, [*LOAD, drop, PACK])
    seen = set()
    for _ in range(30):
        data = dataset[0]
        present = data['data_samples'].present_modalities
        assert present
        seen.add(present)
        for m in BANDS:
            assert data['inputs'][m].isnan().all() == (m not in present)
    assert len(seen) > 3
