# SPDX-License-Identifier: Apache-2.0
"""Operations from beginning to end, and what stops them."""


def test_a_checkpoint_is_made_restored_and_deleted(lab):
    checkpoint_id = lab.ask_protect()
    operation = lab.operation('protect', checkpoint_id)
    assert lab.client.told == [operation.id]
    assert lab.process(threads=2).work() is None
    lab.check_available(checkpoint_id)
    lab.ask_restore(checkpoint_id)
    assert lab.process(threads=2).work() is None
    assert lab.restored == lab.world
    lab.delete(checkpoint_id)
    assert lab.keys() == []
