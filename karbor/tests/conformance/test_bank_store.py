# SPDX-License-Identifier: Apache-2.0
"""The whole bank layer on a real directory."""

import uuid

from karbor.plugin.testing.together import run_together
from karbor.tests.unit.bank import common
from karbor.tests.unit.plugins.bank.common import make_bank


def test_checkpoints_come_and_go_side_by_side(tmp_path):
    root = tmp_path / 'bank'
    keep = str(uuid.uuid4())
    common.protect(common.make_store(make_bank(root)), checkpoint_id=keep)

    def work():
        # an instance for each, as if they were workers on many hosts
        store = common.make_store(make_bank(root))
        checkpoint_id = str(uuid.uuid4())
        for attempt in (1, 2, 3):
            common.protect(store, attempt, checkpoint_id)
            assert store.verify(checkpoint_id) == []
            store.delete(checkpoint_id)
            assert checkpoint_id not in store.manifests()

    run_together([work] * 4)
    store = common.make_store(make_bank(root))
    assert store.manifests() == [keep]
    assert store.verify(keep) == []
    store.delete(keep)
    assert [path.name for path in root.iterdir()] == ['#bank']


def test_large_streams_through_real_chunks(tmp_path):
    store = common.Store(make_bank(tmp_path / 'bank'))
    block = bytes(range(256)) * 4096
    data = store.data(common.CHECKPOINT, common.VOLUME, 1)
    with data.writer() as writer:
        for _number in range(35):
            writer.write(block)
    entry = data.commit()
    assert entry.bytes == 35 * len(block)
    with store.read(common.CHECKPOINT, entry).reader() as reader:
        for _number in range(35):
            assert reader.read(len(block)) == block
        assert reader.read(1) == b''
