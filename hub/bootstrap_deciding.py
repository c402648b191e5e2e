"""The part of `hub.bootstrap` that builds what rests on a rulebook and a directory, and says who carries out what."""

from __future__ import annotations

from hub import directory_changes, drafts
from hub.attachments import uploading
from hub.attachments.fetching import AttachmentFetching, FetchAttachment
from hub.audit.integrating import CheckpointKeeping, KeepCheckpoint
from hub.audit.recording import EventRecording, RecordEvent
from hub.commit_group import Handler
from hub.control.sampling import KeepSample, SampleKeeping
from hub.deadlines import ConsentReminding, DeadlineFiring, FireDeadlines, RemindOfConsent
from hub.deciding import Deciding
from hub.delivery.answering import AcknowledgeDelivery, DeliveryAnswering, ReportHandled
from hub.delivery.dead_letters import BuryDelivery, Burying, DeadLetterDeciding, DropDeadLetter, RetryDeadLetter
from hub.delivery.giving_up import GivingUp
from hub.delivery.leasing import DeliveryLeasing, LeaseDeliveries, RefillDoors
from hub.delivery.reading import DeliveryReading, ReadDelivery
from hub.delivery.recalling import Recalling
from hub.delivery.relay import MarkPublished, PublicationMarking
from hub.delivery.unread import LookAtUnread, UnreadLooking
from hub.identity import party_keys, staffing
from hub.intake.accepting import AcceptMessage, MessageAcceptance
from hub.intake.receiving import Receiver
from hub.intake.recording import MessageRecording
from hub.intake.refusing import RecordRefusal, RefusalRecording
from hub.intake.registering import ConsentRegistering
from hub.notices import Notices
from hub.protection import Protection, ReleaseCase, Releasing
from hub.push.registering import RemoveWebhook, RotateSecret, SetWebhook, WebhookRegistering
from hub.push.sending import GiveUpPush, LeasePush, Pushing, RecordPush
from hub.registry_of_consents import ConsentBook
from hub.retention import erasing
from hub.rotation import RewrapKeys, Rewrapping
from hub.rule_archive import RulebookKeeping, TakeRulebook
from hub.working_days import is_working_day
from routing.directory import Directory
from routing.rulebook import Rulebook


def build_deciding(
    receiver: Receiver,
    directory: Directory,
    rulebook: Rulebook,
    keeping: uploading.UploadKeeping,
    *,
    notifies_at_once: bool,
) -> Deciding:
    """Everything that rests on a rulebook and a directory, for the start and for each reload."""
    book = ConsentBook(directory)
    reading = DeliveryReading(directory, rulebook, receiver)
    recording = MessageRecording(rulebook, notifies_at_once=notifies_at_once)
    notices = Notices(receiver, directory, rulebook, recording)
    registering = ConsentRegistering(directory, rulebook, book, Recalling(reading, notices), notices)
    protection = Protection(notices, directory, rulebook.settings)
    acceptance = MessageAcceptance(directory, rulebook, recording, registering, protection, is_working_day)
    giving_up = GivingUp(notices, rulebook)
    burying, deciding_of_the_dead = Burying(giving_up), DeadLetterDeciding(rulebook)
    pushing, webhooks = Pushing(burying), WebhookRegistering()
    reminding: dict[type, Handler] = {
        FireDeadlines: DeadlineFiring(notices, rulebook, is_working_day),
        RemindOfConsent: ConsentReminding(notices, rulebook),
        LookAtUnread: UnreadLooking(notices, rulebook, giving_up),
        BuryDelivery: burying,
        RetryDeadLetter: deciding_of_the_dead,
        ReleaseCase: Releasing(),
        DropDeadLetter: deciding_of_the_dead,
        RewrapKeys: Rewrapping(),
        **dict.fromkeys(erasing.COMMANDS, erasing.Erasing(rulebook.retention, giving_up)),
        LeasePush: pushing,
        RecordPush: pushing,
        GiveUpPush: pushing,
        SetWebhook: webhooks,
        RotateSecret: webhooks,
        RemoveWebhook: webhooks,
        **dict.fromkeys(uploading.COMMANDS, keeping),
    }
    return Deciding(rulebook, directory, book, receiver, acceptance, _list_handlers(acceptance, reading) | reminding)


def _list_handlers(acceptance: MessageAcceptance, reading: DeliveryReading) -> dict[type, Handler]:
    """Who carries out which command."""
    answering = DeliveryAnswering()
    leasing = DeliveryLeasing()
    staff: Handler = staffing.Staffing()
    drafting: Handler = drafts.Drafting()
    parties: Handler = party_keys.PartyKeeping()
    changing: Handler = directory_changes.DirectoryChanging()
    return (
        dict.fromkeys(staffing.COMMANDS, staff)
        | dict.fromkeys(drafts.COMMANDS, drafting)
        | dict.fromkeys(party_keys.COMMANDS, parties)
        | dict.fromkeys(directory_changes.COMMANDS, changing)
        | {
            AcceptMessage: acceptance,
            RecordRefusal: RefusalRecording(),
            ReadDelivery: reading,
            FetchAttachment: AttachmentFetching(reading),
            AcknowledgeDelivery: answering,
            ReportHandled: answering,
            MarkPublished: PublicationMarking(),
            LeaseDeliveries: leasing,
            RefillDoors: leasing,
            RecordEvent: EventRecording(),
            KeepCheckpoint: CheckpointKeeping(),
            TakeRulebook: RulebookKeeping(),
            KeepSample: SampleKeeping(),
        }
    )
