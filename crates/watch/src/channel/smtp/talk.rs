//! The conversation with a mail server: lines out, replies in, each with a deadline.

use super::super::outcome::{Cause, Fault, Step};
use super::super::outside::Budget;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io;
use std::time::Duration;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use zeroize::Zeroizing;

/// A reply's greatest line and number of lines: RFC 5321 allows 512 octets, and servers that tell more exist.
const LINE_MAX_BYTES: u64 = 4096;
const LINES_MAX: usize = 100;

/// How long a server may take to say goodbye: the letter is with it, and whoever sent it waits for the receipt.
const FAREWELL_MAX: Duration = Duration::from_millis(500);

/// What a conversation goes over, encrypted or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// An open conversation.
pub(super) struct Talk<'a> {
    stream: BufReader<Box<dyn Stream>>,
    budget: &'a Budget,
    step_max: Duration,
    /// What the server can do, as its answer to EHLO has it.
    capabilities: Vec<String>,
}

/// What a server said.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    code: u16,
    lines: Vec<String>,
}

impl Reply {
    /// `250 2.0.0 Ok: queued as 4F2`
    pub(super) fn said(&self) -> String {
        format!("{} {}", self.code, self.lines.join(" "))
            .trim()
            .to_owned()
    }

    fn is_positive(&self) -> bool {
        (200..400).contains(&self.code)
    }
}

impl<'a> Talk<'a> {
    pub(super) fn new(stream: Box<dyn Stream>, budget: &'a Budget, step_max: Duration) -> Self {
        Self {
            stream: BufReader::new(stream),
            budget,
            step_max,
            capabilities: Vec::new(),
        }
    }

    /// Reads the server's greeting.
    pub(super) async fn greeted(&mut self) -> Result<(), Cause> {
        let reply = self.wait(Step::Greet, b"").await?;
        positive(Step::Greet, reply).map(drop)
    }

    /// Says hello and hears what the server can do.
    pub(super) async fn hello(&mut self, name: &str) -> Result<(), Cause> {
        let reply = self.command(Step::Greet, &format!("EHLO {name}")).await?;
        self.capabilities = reply
            .lines
            .iter()
            .skip(1)
            .map(|line| line.to_ascii_uppercase())
            .collect();
        Ok(())
    }

    pub(super) fn can(&self, what: &str) -> bool {
        let first = |line: &String| line.split_whitespace().next() == Some(what);
        self.capabilities.iter().any(first)
    }

    pub(super) fn offers_login(&self, how: &str) -> bool {
        let offers = |line: &String| {
            let mut words = line.split([' ', '=']);
            words.next() == Some("AUTH") && words.any(|word| word == how)
        };
        self.capabilities.iter().any(offers)
    }

    /// Says one line, and hears that the server agrees.
    pub(super) async fn command(&mut self, step: Step, line: &str) -> Result<Reply, Cause> {
        if line.contains(['\r', '\n']) {
            return Err(Cause::unsuitable("an address holds a line break"));
        }
        let line = Zeroizing::new(format!("{line}\r\n"));
        let reply = self.wait(step, line.as_bytes()).await?;
        positive(step, reply)
    }

    /// Hands a letter over. Once its last line is out, the server may have taken it whatever becomes of the answer.
    pub(super) async fn content(&mut self, letter: &[u8]) -> Result<Reply, Cause> {
        let reply = self.wait(Step::Content, &dotted(letter)).await;
        let reply = reply.map_err(Cause::may_have_arrived)?;
        positive(Step::Content, reply)
    }

    /// Ends the conversation as it should be, as far as the server lets us.
    pub(super) async fn farewell(mut self) {
        self.step_max = self.step_max.min(FAREWELL_MAX);
        if let Err(cause) = self.command(Step::Content, "QUIT").await {
            tracing::debug!(said = cause.said, "a mail server did not say goodbye");
        }
    }

    /// The stream, for encryption. What the server has said beyond its last reply would be taken for a part of the
    /// encrypted conversation, and anybody on the way may have written it.
    pub(super) fn into_stream(self) -> Result<Box<dyn Stream>, Cause> {
        if !self.stream.buffer().is_empty() {
            let said = "the server, or somebody on the way, went on in plain text after STARTTLS";
            return Err(Cause::new(Step::Encrypt, Fault::Broken, said));
        }
        Ok(self.stream.into_inner())
    }

    /// Says something, if anything, and reads one reply.
    async fn wait(&mut self, step: Step, said: &[u8]) -> Result<Reply, Cause> {
        let exchange = async {
            if !said.is_empty() {
                self.stream.get_mut().write_all(said).await?;
                self.stream.get_mut().flush().await?;
            }
            read(&mut self.stream).await
        };
        let reply = self.budget.step(step, self.step_max, exchange).await?;
        reply.map_err(|error| Cause::new(step, Fault::Broken, error.to_string()))
    }
}

async fn read(stream: &mut BufReader<Box<dyn Stream>>) -> io::Result<Reply> {
    let mut lines = Vec::new();
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut *stream).take(LINE_MAX_BYTES);
        limited.read_until(b'\n', &mut line).await?;
        if !line.ends_with(b"\n") {
            return Err(match line.len() as u64 >= LINE_MAX_BYTES {
                true => strange("a line without end"),
                false => io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the server closed the connection",
                ),
            });
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        let code = line.get(..3).and_then(|code| code.parse::<u16>().ok());
        let code = code.filter(|code| (200..600).contains(code));
        let code = code.ok_or_else(|| strange(line))?;
        let (goes_on, text) = match line.get(3..4) {
            Some("-") => (true, &line[4..]),
            Some(" ") => (false, &line[4..]),
            None => (false, ""),
            Some(_) => return Err(strange(line)),
        };
        lines.push(text.to_owned());
        if !goes_on {
            return Ok(Reply { code, lines });
        }
        if lines.len() >= LINES_MAX {
            return Err(strange("a reply without end"));
        }
    }
}

fn strange(line: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("this is no mail server's reply: {line}"),
    )
}

/// 4xx is *not now*, 5xx is *not so*.
fn positive(step: Step, reply: Reply) -> Result<Reply, Cause> {
    if reply.is_positive() {
        return Ok(reply);
    }
    let fault = match reply.code {
        400..500 => Fault::Busy { after: None },
        _ => Fault::Refused,
    };
    Err(Cause::new(step, fault, reply.said()))
}

/// A letter as it travels: lines that begin with a dot have two, and a dot alone ends it.
fn dotted(letter: &[u8]) -> Vec<u8> {
    let mut dotted = Vec::with_capacity(letter.len() + 16);
    let mut begins = true;
    for byte in letter {
        if begins && *byte == b'.' {
            dotted.push(b'.');
        }
        dotted.push(*byte);
        begins = *byte == b'\n';
    }
    if !dotted.ends_with(b"\r\n") {
        dotted.extend(b"\r\n");
    }
    dotted.extend(b".\r\n");
    dotted
}

/// Base64, as logins travel.
pub(super) fn encoded(text: &str) -> String {
    STANDARD.encode(text)
}

#[cfg(test)]
mod tests;
