# Random forest on single pixels.
classifier = dict(
    kind='forest', window=1, grid=dict(n_estimators=[300], n_jobs=[1])
)
