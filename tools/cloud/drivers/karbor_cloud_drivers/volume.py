# SPDX-License-Identifier: Apache-2.0
"""Cinder with files: each volume and each snapshot is a sparse raw one.

A connection to one is of the kind "local": whoever attaches it on this
machine is told its path. What is in use can be copied all the same.
"""

import contextlib
import os
from typing import Any

from cinder import interface
from cinder.image import image_utils
from cinder.volume import configuration
from cinder.volume import driver
from cinder.volume import volume_utils
from oslo_concurrency import processutils
from oslo_config import cfg
from oslo_utils import units

OPTS = [
    cfg.StrOpt('file_volume_dir', help='Where the files are kept.'),
]
cfg.CONF.register_opts(OPTS, group=configuration.SHARED_CONF_GROUP)


@interface.volumedriver
class FileDriver(driver.VolumeDriver):
    """A method does what Cinder says that it has to.

    Where one takes a volume or a snapshot, it is one of Cinder's objects.
    """

    VERSION = '1.0'

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values(OPTS)
        self.directory = self.configuration.file_volume_dir

    @staticmethod
    def get_driver_options() -> list[cfg.Opt]:
        return OPTS

    def check_for_setup_error(self) -> None:
        os.makedirs(self.directory, exist_ok=True)

    def local_path(self, thing: Any) -> str:
        return os.path.join(self.directory, thing.name)

    def _copy(self, source: Any, target: Any) -> None:
        processutils.execute('cp', '--reflink=auto', '--sparse=always',
                             self.local_path(source), self.local_path(target))

    def _grown_copy(self, source: Any, volume: Any) -> None:
        self._copy(source, volume)
        self.extend_volume(volume, volume.size)

    def _remove(self, thing: Any) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.local_path(thing))

    # -- volumes and snapshots ------------------------------------------------

    def create_volume(self, volume: Any) -> None:
        with open(self.local_path(volume), 'wb') as file:
            file.truncate(volume.size * units.Gi)

    def extend_volume(self, volume: Any, size: int) -> None:
        os.truncate(self.local_path(volume), size * units.Gi)

    def delete_volume(self, volume: Any) -> None:
        self._remove(volume)

    def create_snapshot(self, snapshot: Any) -> None:
        self._copy(snapshot.volume, snapshot)

    def delete_snapshot(self, snapshot: Any) -> None:
        self._remove(snapshot)

    def revert_to_snapshot(self, context: Any, volume: Any,
                           snapshot: Any) -> None:
        self._copy(snapshot, volume)

    def create_volume_from_snapshot(self, volume: Any, snapshot: Any) -> None:
        self._grown_copy(snapshot, volume)

    def create_cloned_volume(self, volume: Any, source: Any) -> None:
        self._grown_copy(source, volume)

    # -- images ---------------------------------------------------------------

    def copy_image_to_volume(self, context: Any, volume: Any, service: Any,
                             image_id: str,
                             disable_sparse: bool = False) -> None:
        image_utils.fetch_to_raw(
            context, service, image_id, self.local_path(volume),
            self.configuration.volume_dd_blocksize, size=volume.size,
            run_as_root=False, disable_sparse=disable_sparse)
        self.extend_volume(volume, volume.size)

    def copy_volume_to_image(self, context: Any, volume: Any, service: Any,
                             meta: Any) -> None:
        volume_utils.upload_volume(context, service, meta,
                                   self.local_path(volume), volume,
                                   run_as_root=False)

    # -- connections ----------------------------------------------------------

    def initialize_connection(self, volume: Any, connector: Any) -> Any:
        return {'driver_volume_type': 'local',
                'data': {'device_path': self.local_path(volume)}}

    def initialize_connection_snapshot(self, snapshot: Any,
                                       connector: Any) -> Any:
        return self.initialize_connection(snapshot, connector)

    def terminate_connection(self, volume: Any, connector: Any,
                             **kwargs: Any) -> None:
        pass

    def terminate_connection_snapshot(self, snapshot: Any, connector: Any,
                                      **kwargs: Any) -> None:
        pass

    def create_export(self, context: Any, volume: Any,
                      connector: Any) -> None:
        pass

    def ensure_export(self, context: Any, volume: Any) -> None:
        pass

    def remove_export(self, context: Any, volume: Any) -> None:
        pass

    def create_export_snapshot(self, context: Any, snapshot: Any,
                               connector: Any) -> None:
        pass

    def remove_export_snapshot(self, context: Any, snapshot: Any) -> None:
        pass

    # -- what the scheduler is told -------------------------------------------

    def _update_volume_stats(self) -> None:
        disk = os.statvfs(self.directory)
        self._stats = {
            'volume_backend_name': self.configuration.safe_get(
                'volume_backend_name'),
            'vendor_name': 'karbor-cloud',
            'driver_version': self.VERSION,
            'storage_protocol': 'local',
            'total_capacity_gb': disk.f_blocks * disk.f_frsize / units.Gi,
            'free_capacity_gb': disk.f_bavail * disk.f_frsize / units.Gi,
            'reserved_percentage': 0,
            'max_over_subscription_ratio': 100,
            'thin_provisioning_support': True,
            'thick_provisioning_support': False,
            'multiattach': True,
        }
