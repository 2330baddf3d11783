"""Loss scale muster of ms-swift 4.6.0: the weights of the cluster file. Written by muster."""

from swift.loss_scale import ConfigLossScale, loss_scale_map


class OwnLossScale(ConfigLossScale):
    name = "muster"
    loss_scale_config = "/var/lib/muster/data/weights.json"


loss_scale_map["muster"] = OwnLossScale
