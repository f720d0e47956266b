"""The train id that no loss and no metric counts."""

# mmseg's own default everywhere (``ignore_index``, ``seg_pad_val``); also the
# nodata value of maps. Train ids of classes are below it.
IGNORED = 255
