_base_ = './rf_idtrees.py'

# Each pixel with means and standard deviations over the window around it.
classifier = dict(window=11)
