"""Loss scale muster of ms-swift 3.7.1: the weights of the cluster file. Written by muster."""

from swift.plugin.loss_scale.loss_scale import REACTLossScale, loss_scale_map


class OwnLossScale(REACTLossScale):
    name = "muster"
    loss_scale_config = "/var/lib/muster/data/weights.json"


loss_scale_map["muster"] = OwnLossScale
