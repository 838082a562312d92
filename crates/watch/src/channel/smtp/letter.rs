//! A letter in plain text.

use super::super::letter::Letter;
use super::super::outcome::Cause;
use super::super::wording::{cut, one_line};
use super::mail::{AUTOMATIC, header, message_id};
use lettre::Address;
use lettre::message::{Mailbox, Message, SinglePart};
use std::time::{Duration, SystemTime};

/// Longer subjects are cut by readers, in characters.
const SUBJECT_MAX_CHARS: usize = 200;
/// Readers then send the request by themselves when the button is pressed.
const ONE_CLICK: (&str, &str) = ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");

/// The letter's bytes, ready to be handed over.
pub(super) fn compose(letter: &Letter, from: &Mailbox, to: &Address) -> Result<Vec<u8>, Cause> {
    let id = message_id(&letter.id, from.email.domain());
    let millis = u64::try_from(letter.at.as_millis()).unwrap_or_default();
    let mut builder = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(cut(&one_line(&letter.subject), SUBJECT_MAX_CHARS))
        .date(SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
        .message_id(Some(id));
    for automatic in AUTOMATIC {
        builder = builder.raw_header(header(automatic));
    }
    if let Some(leave) = &letter.leave {
        let leave = format!("<{leave}>");
        builder = builder.raw_header(header(("List-Unsubscribe", &leave)));
        builder = builder.raw_header(header(ONE_CLICK));
    }
    let composed = builder.singlepart(SinglePart::plain(letter.text.clone()));
    let composed =
        composed.map_err(|error| Cause::unsuitable(format!("no letter can be made: {error}")))?;
    Ok(composed.formatted())
}
