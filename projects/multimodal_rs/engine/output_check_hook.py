"""Predicted maps, which must not take the place of what a test reads."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from multimodal_rs.evaluation.land_cover_metric import LandCoverMetric
from multimodal_rs.utils.outputs import check_outputs, dataset_files


@HOOKS.register_module()
class OutputCheckHook(Hook):
    """Stop a test, before it begins, whose maps would replace its inputs.

    With ``--out`` a map is written as ``<out>/<tile>.png``: in the folder of
    the labels that is the label of the tile.
    """

    def before_test(self, runner: Runner) -> None:
        """Compare where maps go with all files of the test data.

        Raises:
            ValueError: With the map and the input.
        """
        loop = runner.test_loop
        dataset = loop.dataloader.dataset
        several = getattr(loop, 'evaluators', {'': loop.evaluator})
        metrics = [
            metric
            for evaluator in several.values()
            for metric in evaluator.metrics
            if isinstance(metric, LandCoverMetric) and metric.writes_maps
        ]
        if not metrics or not hasattr(dataset, 'get_data_info'):
            return
        records = map(dataset.get_data_info, range(len(dataset)))
        paths = [m.map_path(record) for record in records for m in metrics]
        replaced = [path for path in paths if path.exists()]
        check_outputs(
            {f'predicted map {path.stem}': path for path in replaced},
            dataset_files(dataset),
        )
