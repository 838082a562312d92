//! What became of a page that was sent.

use std::fmt;
use std::time::Duration;

/// The most that is kept of what the other side said, in characters.
const SAID_MAX_CHARS: usize = 300;

/// The other side took the page over. That it reached a person is known by an acknowledgement only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What the other side calls it, for asking there (a queue id, a `sid`, a `dedup_key`); empty where it names none.
    pub reference: String,
}

/// The other side did not take the page over, or did not say so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("channel {channel}, {step}: {said}; {}", way_out(.fault, .step))]
pub struct Failed {
    /// The channel's name.
    pub channel: String,
    /// How far it came.
    pub step: Step,
    /// What kind of failure it is, and so whether trying this channel again can help.
    pub fault: Fault,
    /// The page may have gone out all the same: the connection was lost, or time was up, after it had been sent.
    pub may_have_arrived: bool,
    /// What the other side said, or what happened to the connection: one line, without secrets.
    pub said: String,
}

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It does not take this page from us: wrong settings, credentials or recipient. Only a person mends that.
    Refused,
    /// It takes nothing now. It may have said when it will.
    Busy {
        /// How long it asks to be left alone.
        after: Option<Duration>,
    },
    /// It failed by its own word, or does not speak as it should.
    Broken,
    /// No connection was made.
    Unreachable,
    /// It did not answer in time.
    Silent,
}

/// How far a page came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Before anything was sent: the page or its recipient does not suit the channel.
    Prepare,
    /// Finding the other side's address.
    Lookup,
    /// Making a connection.
    Connect,
    /// Agreeing on encryption.
    Encrypt,
    /// Saying hello to a mail server.
    Greet,
    /// Logging in to a mail server.
    Authenticate,
    /// Telling a mail server who sends.
    Sender,
    /// Telling a mail server to whom.
    Recipient,
    /// Handing over the content.
    Content,
    /// Asking, and reading the answer (HTTP).
    Request,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prepare => "preparing the page",
            Self::Lookup => "looking up the address",
            Self::Connect => "connecting",
            Self::Encrypt => "agreeing on encryption",
            Self::Greet => "greeting the server",
            Self::Authenticate => "logging in",
            Self::Sender => "naming the sender",
            Self::Recipient => "naming the recipient",
            Self::Content => "handing over the content",
            Self::Request => "asking",
        })
    }
}

fn way_out(fault: &Fault, step: &Step) -> String {
    match (fault, step) {
        (Fault::Refused, Step::Prepare | Step::Recipient) => {
            "check the person's address (watch.people)".to_owned()
        }
        (Fault::Refused, Step::Authenticate) => {
            "check the user and the password in the channel's url".to_owned()
        }
        (Fault::Refused, Step::Encrypt) => {
            "check the server's certificate and the channel's ca".to_owned()
        }
        (Fault::Refused, Step::Sender) => "check the channel's from".to_owned(),
        (Fault::Refused, _) => "check the channel's settings (watch.channels)".to_owned(),
        (Fault::Busy { after: Some(after) }, _) => {
            format!("it asks to be left alone for {} s", after.as_secs())
        }
        (Fault::Busy { after: None }, _) => "it takes pages again later".to_owned(),
        (Fault::Broken, _) => "see whether the other side has trouble of its own".to_owned(),
        (Fault::Unreachable, Step::Lookup) => {
            "check the name and this machine's resolver".to_owned()
        }
        (Fault::Unreachable, _) => "check the way there and its firewalls".to_owned(),
        (Fault::Silent, _) => "see whether the other side hangs".to_owned(),
    }
}

/// A failure before it is known by which channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cause {
    pub(super) step: Step,
    pub(super) fault: Fault,
    pub(super) may_have_arrived: bool,
    pub(super) said: String,
}

impl Cause {
    /// The page certainly did not arrive.
    pub(super) fn new(step: Step, fault: Fault, said: impl Into<String>) -> Self {
        Self {
            step,
            fault,
            may_have_arrived: false,
            said: said.into(),
        }
    }

    /// The page or its recipient does not suit the channel; nothing was sent.
    pub(super) fn unsuitable(said: impl Into<String>) -> Self {
        Self::new(Step::Prepare, Fault::Refused, said)
    }

    pub(super) fn may_have_arrived(mut self) -> Self {
        self.may_have_arrived = true;
        self
    }

    /// Names the channel, and leaves out its secrets, which the other side may have repeated.
    pub(super) fn of<'a>(
        self,
        channel: &str,
        secrets: impl IntoIterator<Item = &'a str>,
    ) -> Failed {
        Failed {
            channel: channel.to_owned(),
            step: self.step,
            fault: self.fault,
            may_have_arrived: self.may_have_arrived,
            said: tidy(&self.said, secrets),
        }
    }
}

/// One line of bounded length without control characters and without secrets.
fn tidy<'a>(said: &str, secrets: impl IntoIterator<Item = &'a str>) -> String {
    let mut said = said.to_owned();
    for secret in secrets {
        // Shorter ones would take common words out.
        if secret.len() >= 4 {
            said = said.replace(secret, "***");
        }
    }
    let words = said
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SAID_MAX_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(said: &str, secrets: &[&str], tidied: &str) {
        assert_eq!(tidy(said, secrets.iter().copied()), tidied);
    }

    #[test]
    fn what_was_said_is_one_short_line_without_secrets() {
        check("550 no\r\nsuch\tuser", &[], "550 no such user");
        check(
            "bad key s3cr3t-key, is s3cr3t-key right?",
            &["s3cr3t-key"],
            "bad key ***, is *** right?",
        );
        check("an ape", &["a", ""], "an ape");
        check(
            &"ä".repeat(400),
            &[],
            &format!("{}…", "ä".repeat(SAID_MAX_CHARS)),
        );
    }

    #[test]
    fn a_failure_names_the_channel_what_was_said_and_the_way_out() {
        let cause = Cause::new(Step::Recipient, Fault::Refused, "550 no such user");
        assert_eq!(
            cause.of("mail", []).to_string(),
            "channel mail, naming the recipient: 550 no such user; check the person's address (watch.people)"
        );
        let after = Some(Duration::from_secs(30));
        let cause = Cause::new(Step::Request, Fault::Busy { after }, "429");
        assert_eq!(
            cause.of("sms", []).to_string(),
            "channel sms, asking: 429; it asks to be left alone for 30 s"
        );
    }
}
