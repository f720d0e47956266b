# The only place that names our package: importing it registers everything.
custom_imports = dict(imports=['multimodal_rs'], allow_failed_imports=False)
default_scope = 'mmseg'
randomness = dict(seed=0)

env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='WholeCheckpointHook',
        interval=1,
        max_keep_ckpts=2,
        save_best='val/cross_entropy',
        rule='less',
    ),
    plain_checkpoint=dict(type='PlainCheckpointHook'),
    batch_check=dict(type='BatchCheckHook'),
    finite_check=dict(type='FiniteCheckHook'),
    output_check=dict(type='OutputCheckHook'),
    declaration=dict(type='DeclarationHook'),
    label_count=dict(type='LabelCountHook'),
    file_range=dict(type='FileRangeHook'),
    fitted_values=dict(type='FittedValuesHook'),
    reproducible_run=dict(type='ReproducibleRunHook'),
    keep_memory=dict(type='KeepMemoryHook'),
    shared_norm=dict(type='SharedNormHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    # In tests: how much of batch norm's statistics is that of the place.
    adapt_norm=dict(type='AdaptNormHook', share=0.0),
    visualization=dict(type='MultiModalVisualizationHook'),
)

vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='SegLocalVisualizer', vis_backends=vis_backends)
tta_model = dict(type='LogitsTTAModel')
log_processor = dict(by_epoch=True)
log_level = 'INFO'
load_from = None
resume = False
