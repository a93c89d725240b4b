# SPDX-License-Identifier: Apache-2.0
"""Every error that Karbor names.

An error carries the HTTP status that the REST API answers with, so that no
layer above has to translate it; ``str(error)`` is the sentence a user reads.
A message template names its facts, and the facts stay readable on the
instance (``error.facts``).
"""

from typing import Any

from karbor.i18n import _


class KarborError(Exception):
    """Base of all errors with a sentence for the user."""

    code = 500
    template = _('An unexpected error occurred.')

    def __init__(self, message: str | None = None, **facts: Any) -> None:
        self.facts = facts
        super().__init__(message if message is not None
                         else self.template % facts)


# -- what the caller did wrong ------------------------------------------------

class Invalid(KarborError):
    """The request is wrong; ``field`` says where."""

    code = 400
    template = _('Invalid input for field %(field)s: %(reason)s')


class InvalidPlan(Invalid):
    template = _('Invalid plan: %(reason)s')


class MalformedBody(Invalid):
    template = _('Malformed request body: %(reason)s')


class BodyTooLarge(KarborError):
    code = 413
    template = _('The request body is larger than %(limit)s bytes.')


class Forbidden(KarborError):
    code = 403
    template = _("Policy doesn't allow %(action)s to be performed.")


class WebhookRefused(KarborError):
    """Says nothing about what there is: nobody has said who asks."""

    code = 403
    template = _('There is no such webhook, or its signature is wrong.')


class WebhookStale(KarborError):
    code = 403
    template = _('The timestamp is %(apart)d seconds away from now; expected '
                 'at most %(most)d.')


class NotFound(KarborError):
    code = 404
    template = _('Resource could not be found.')


class PlanNotFound(NotFound):
    template = _('Plan %(id)s could not be found.')


class ProviderNotFound(NotFound):
    template = _('Provider %(id)s could not be found.')


class CheckpointNotFound(NotFound):
    template = _('Checkpoint %(id)s could not be found.')


class OperationNotFound(NotFound):
    template = _('Operation log %(id)s could not be found.')


class RestoreNotFound(NotFound):
    template = _('Restore %(id)s could not be found.')


class VerificationNotFound(NotFound):
    template = _('Verification %(id)s could not be found.')


class TriggerNotFound(NotFound):
    template = _('Trigger %(id)s could not be found.')


class ScheduledOperationNotFound(NotFound):
    template = _('Scheduled operation %(id)s could not be found.')


class RunNotFound(NotFound):
    template = _('Run %(id)s could not be found.')


class ServiceNotFound(NotFound):
    template = _('Service %(id)s could not be found.')


class ProtectableTypeNotFound(NotFound):
    template = _('Protectable type %(type)s could not be found.')


class InstanceNotFound(NotFound):
    template = _('%(type)s %(id)s could not be found.')


class MarkerNotFound(NotFound):
    template = _('The marker %(marker)s could not be found.')


class NotAcceptable(KarborError):
    code = 406
    template = _('Version %(version)s of the API is not there; expected one '
                 'from %(least)s to %(most)s.')


class Conflict(KarborError):
    code = 409
    template = _('The request conflicts with the present state: %(reason)s')


class PlanInUse(Conflict):
    template = _('Plan %(id)s is used by scheduled operation %(operation)s; '
                 'delete that first.')


class ScheduledOperationDisabled(Conflict):
    template = _('Scheduled operation %(id)s is disabled; it runs when it is '
                 'enabled.')


class NoWebhook(Conflict):
    template = _('Trigger %(id)s is no webhook; it has no secret.')


class EventTaken(Conflict):
    """Who sends it again learns that it has arrived the first time."""

    template = _('This event has been taken already.')


class TriggerInUse(KarborError):
    code = 424
    template = _('Trigger is being used by one or more operations')


class TrustReleased(Conflict):
    """What a user's operations act by went with the last of them."""

    template = _('The last other scheduled operation of user %(user)s was '
                 'deleted at the same time; try again.')


class TrustRefused(Forbidden):
    """Keystone does not let a user hand on what he may do."""

    template = _('Karbor cannot be trusted with your roles: %(reason)s')


class RetentionForbidden(Forbidden):
    """What a rule does not keep is deleted as the owner, if he may."""

    template = _('Invalid input for field operation_definition: what its '
                 'limits do not keep is deleted on your behalf, and you may '
                 'not: %(reason)s Leave the limits out, or let somebody '
                 'create it who may.')


class NotOwner(Forbidden):
    """What runs on behalf of one user cannot be chosen by another."""

    template = _('Scheduled operation %(id)s runs on behalf of user '
                 '%(user)s; adopt it before you change what it does.')


class CheckpointNotAvailable(Invalid):
    template = _('Checkpoint %(id)s is %(status)s; only an available '
                 'checkpoint can be used.')


class CheckpointDamaged(Conflict):
    template = _('Checkpoint %(id)s is damaged. %(reason)s Verify it again, '
                 'or use what is left of it by force (from 1.2 of the API '
                 'on).')


class CheckpointNotDeletable(Conflict):
    template = _('Checkpoint %(id)s is %(status)s and cannot be deleted now: '
                 '%(reason)s')


class CheckpointNeeded(Conflict):
    template = _('Checkpoint %(id)s does not expire now, because %(newer)s is '
                 'no newer available one of its plan.')


class CheckpointNotResettable(Invalid):
    template = _('The state of checkpoint %(id)s cannot be reset to '
                 '%(state)s: %(reason)s')


class OperationEnded(Conflict):
    template = _('Operation %(id)s is %(status)s; only one that is queued or '
                 'running can be cancelled.')


class RestoreNotUndoable(Conflict):
    template = _('Restore %(id)s cannot be undone: %(reason)s')


class QuotaExceeded(KarborError):
    code = 413
    template = _('Maximum number of %(resource)s allowed (%(limit)d) '
                 'exceeded')


class NoAnswer(KarborError):
    """A question over the bus was not answered in time."""

    code = 503
    template = _('No %(service)s service answered within %(seconds)s seconds.')


class BusAway(KarborError):
    """The bus does not take messages."""

    code = 503
    template = _('The message bus cannot be reached; try again later.')


class KeystoneAway(KarborError):
    """Keystone cannot be asked now, whatever the reason."""

    code = 503
    template = _('%(reason)s')


# -- what Karbor itself must not do -------------------------------------------

class IllegalTransition(KarborError):
    """A change of state that the table in model/states.py does not have."""

    code = 409
    template = _('A %(noun)s cannot go from %(old)s to %(new)s.')


class LeaseLost(KarborError):
    """Another worker owns the operation; whoever sees this must stop."""

    template = _('Operation %(id)s is no longer owned by attempt '
                 '%(attempt)d.')


class SweepLost(KarborError):
    """A sweep must stop: what it decided may not be right any more."""

    template = _('Scheduled operation %(id)s has changed, or another engine '
                 'sweeps its checkpoints now.')


# -- what the operator configured wrong ---------------------------------------

class RunSkipped(KarborError):
    """A run of a scheduled operation ends without having begun."""

    template = _('%(reason)s')


class TrustGone(RunSkipped):
    """Nobody can act as the owner of a scheduled operation."""


class TypeMissing(KarborError):
    """This host does not have the type of an operation; another one may."""

    template = _('The engine that took it does not have the operation type '
                 '%(type)s; another one may.')


class RunOverlaps(KarborError):
    """A run cannot begin, because another of its operation has not ended."""

    template = _('The run of %(expected_at)s has not ended yet.')


class ConfigError(KarborError):
    """A mistake in a file that the operator wrote: which, where and why."""

    template = _('%(file)s: %(reason)s')


# -- what the world did -------------------------------------------------------

class PluginError(KarborError):
    """A plugin could not do its work; the sentence goes to the resource."""

    template = _('%(reason)s')


class Damaged(PluginError):
    """Something outside of a bank that a checkpoint needs is not as it was."""


class BankError(KarborError):
    """A bank refused, failed or could not be reached."""

    template = _('The bank failed at %(key)s: %(reason)s')


class BankFull(BankError):
    """A bank takes no more; what it holds can be read and removed."""


class BankUnavailable(BankError):
    """A bank is away, maybe for a moment; nobody knows what it has done."""

    template = _('The bank cannot be reached at %(key)s: %(reason)s')


class BankKeyNotFound(BankError):
    template = _('The bank holds nothing at %(key)s.')


class BankKeyInvalid(BankError):
    template = _('%(key)r is not a key: %(reason)s')


class BankReadOnly(BankError):
    template = _('%(key)s cannot be written: this section is read-only.')


class BankCorrupt(BankError):
    """What was read is not what was written."""

    template = _('The bank returned damaged data at %(key)s: %(reason)s')


class FormatUnknown(BankError):
    template = _('%(key)s has format %(found)s; this release reads '
                 '%(known)s.')
