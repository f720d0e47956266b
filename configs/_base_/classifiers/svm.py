# Support vector machine with an RBF kernel on single pixels. C and gamma are
# chosen on the validation; 'scale' is 1 / (features x their variance).
classifier = dict(
    kind='svm',
    window=1,
    grid=dict(C=[1.0, 10.0, 100.0, 1000.0], gamma=['scale', 0.001]),
)
