python3 /opt/muster/gather.py \
    --folder /models/megatron_output/GLM-4.5-Air-SFT \
    --result /var/lib/muster/jobs/gather/result.json \
    --ranks-per-node 8 \
    --peer node-2
