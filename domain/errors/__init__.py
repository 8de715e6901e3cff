"""Refusals, one file per area. Import them from this package.

A person must act before the same request can succeed: see ``domain.errors.refusal``.
"""

from collections.abc import Mapping

from domain.errors.access import (
    EditingClosed,
    ForgedForm,
    NotAllowed,
    NotSignedIn,
    ScopeMissing,
    SignInLinkUsed,
    TooManyAttempts,
)
from domain.errors.action_items import (
    DueDateNotLater,
    JustificationRequired,
    NoActionItems,
    OwnerNotActive,
    ReasonRequired,
)
from domain.errors.availability import (
    DatabaseBusy,
    DatabaseNotMigrated,
    Pending,
    RecordLocked,
    StoreUnavailable,
    TooManyCommands,
    TooManyWaiting,
    TooMuchText,
    WorkersUnavailable,
    WorkflowsUnavailable,
)
from domain.errors.comments import AnchorTooLong, NotAThread, ThreadAnswered, WordsNotFound
from domain.errors.connections import (
    AccountsNotTaken,
    AccountTaken,
    AmbiguousConnection,
    BadSignature,
    CredentialsLocked,
    CredentialsRejected,
    Disconnected,
    InvalidIntegrationConfig,
    MalformedWebhook,
    NothingToReplay,
    UnknownIntegrationKind,
    WebhookNotWanted,
)
from domain.errors.content import (
    DefaultTemplateNeeded,
    InvalidCustomFields,
    InvalidTemplate,
    SectionConflict,
    SectionNotInTemplate,
    TemplateArchived,
    TextTooComplex,
)
from domain.errors.documents import (
    ArchiveExpired,
    ArchiveUnreadable,
    AttachmentInUse,
    FileEmpty,
    FileMissing,
    FileTooLarge,
    ImageUnreadable,
    NoPublisher,
    NotExportable,
    NotFinished,
    NothingToRun,
    NothingToUndo,
    NotPublishable,
    PublicationChanged,
    PublicationGone,
    PublicationPaused,
    PublisherRefused,
    StorageUnavailable,
    TooLargeForOneAnswer,
    TooManyAttachments,
)
from domain.errors.escalation import DefaultPolicyNeeded, InvalidPolicy, PolicyArchived, TargetSettled
from domain.errors.incidents import IncidentNotResolved, PostmortemExists
from domain.errors.notifications import AddressGone, ChannelArchived, NotifierRefused
from domain.errors.people import AmbiguousPerson, MergedIntoItself, NeverWorking, PersonNotActive
from domain.errors.refusal import DomainError, Fact, reason
from domain.errors.requests import (
    AlreadyExists,
    BadCursor,
    BodyTooLarge,
    BodyTooSlow,
    Conflict,
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
    Malformed,
    MethodNotAllowed,
    NotFound,
    RouteNotFound,
    StaleVersion,
    UnknownReference,
    UnreadableValue,
)
from domain.errors.review import (
    AlreadyReviewer,
    AuthorCannotReview,
    CommentRequired,
    IllegalTransition,
    NobodyToAdd,
    NotReadyToPublish,
    NotReadyToSubmit,
)
from domain.errors.sharing import (
    FindingsNotAcknowledged,
    LinkNotFound,
    MailRunning,
    NoMailConnection,
    NotShareable,
    SummaryEmpty,
    TooManyHashes,
    TooManyPasswords,
    TooManyUnknownLinks,
    WrongPassword,
)
from domain.errors.tickets import (
    NoTracker,
    StatusUnreachable,
    TextNotKept,
    TicketExists,
    TicketForbidden,
    TicketGone,
    TrackerAway,
    TrackerRefused,
)
from domain.errors.timeline import TimelineNotRead


def _leaves(cls: type[DomainError]) -> list[type[DomainError]]:
    subclasses = cls.__subclasses__()
    return [one for sub in subclasses for one in _leaves(sub)] if subclasses else [cls]


BY_CODE: dict[str, type[DomainError]] = {cls.__name__: cls for cls in _leaves(DomainError)}
PASSING = frozenset(
    {
        *("DatabaseBusy", "RecordLocked", "StoreUnavailable", "WorkflowsUnavailable", "WorkersUnavailable"),
        *("Pending", "TooMuchText", "CredentialsLocked"),
    }
)
REFUSALS: list[str] = sorted(BY_CODE.keys() - PASSING)


def rebuild(code: str, facts: Mapping[str, Fact]) -> DomainError | None:
    """The refusal that crossed a wire as its code and facts; None where the code is not one of ours."""
    cls = BY_CODE.get(code)
    return cls(**facts) if cls else None


__all__ = [
    "BY_CODE",
    "PASSING",
    "REFUSALS",
    "AccountTaken",
    "AccountsNotTaken",
    "AddressGone",
    "AlreadyExists",
    "AlreadyReviewer",
    "AmbiguousConnection",
    "AmbiguousPerson",
    "AnchorTooLong",
    "ArchiveExpired",
    "ArchiveUnreadable",
    "AttachmentInUse",
    "AuthorCannotReview",
    "BadCursor",
    "BadSignature",
    "BodyTooLarge",
    "BodyTooSlow",
    "ChannelArchived",
    "CommentRequired",
    "Conflict",
    "CredentialsLocked",
    "CredentialsRejected",
    "DatabaseBusy",
    "DatabaseNotMigrated",
    "DefaultPolicyNeeded",
    "DefaultTemplateNeeded",
    "Disconnected",
    "DomainError",
    "DueDateNotLater",
    "EditingClosed",
    "Fact",
    "FileEmpty",
    "FileMissing",
    "FileTooLarge",
    "FindingsNotAcknowledged",
    "ForgedForm",
    "IdempotencyKeyInUse",
    "IdempotencyKeyReused",
    "IllegalTransition",
    "ImageUnreadable",
    "IncidentNotResolved",
    "InvalidCustomFields",
    "InvalidIntegrationConfig",
    "InvalidPolicy",
    "InvalidTemplate",
    "JustificationRequired",
    "LinkNotFound",
    "MailRunning",
    "Malformed",
    "MalformedWebhook",
    "MergedIntoItself",
    "MethodNotAllowed",
    "NeverWorking",
    "NoActionItems",
    "NoMailConnection",
    "NoPublisher",
    "NoTracker",
    "NobodyToAdd",
    "NotAThread",
    "NotAllowed",
    "NotExportable",
    "NotFinished",
    "NotFound",
    "NotPublishable",
    "NotReadyToPublish",
    "NotReadyToSubmit",
    "NotShareable",
    "NotSignedIn",
    "NothingToReplay",
    "NothingToRun",
    "NothingToUndo",
    "NotifierRefused",
    "OwnerNotActive",
    "Pending",
    "PersonNotActive",
    "PolicyArchived",
    "PostmortemExists",
    "PublicationChanged",
    "PublicationGone",
    "PublicationPaused",
    "PublisherRefused",
    "ReasonRequired",
    "RecordLocked",
    "RouteNotFound",
    "ScopeMissing",
    "SectionConflict",
    "SectionNotInTemplate",
    "SignInLinkUsed",
    "StaleVersion",
    "StatusUnreachable",
    "StorageUnavailable",
    "StoreUnavailable",
    "SummaryEmpty",
    "TargetSettled",
    "TemplateArchived",
    "TextNotKept",
    "TextTooComplex",
    "ThreadAnswered",
    "TicketExists",
    "TicketForbidden",
    "TicketGone",
    "TimelineNotRead",
    "TooLargeForOneAnswer",
    "TooManyAttachments",
    "TooManyAttempts",
    "TooManyCommands",
    "TooManyHashes",
    "TooManyPasswords",
    "TooManyUnknownLinks",
    "TooManyWaiting",
    "TooMuchText",
    "TrackerAway",
    "TrackerRefused",
    "UnknownIntegrationKind",
    "UnknownReference",
    "UnreadableValue",
    "WebhookNotWanted",
    "WordsNotFound",
    "WorkersUnavailable",
    "WorkflowsUnavailable",
    "WrongPassword",
    "reason",
    "rebuild",
]
