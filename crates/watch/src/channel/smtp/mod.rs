//! Mail, through a server that relays it (RFC 5321).
//!
//! The letter is made with lettre ([`mail`]). The conversation with the server is our own ([`talk`]): each answer has a
//! deadline of its own, nothing that was said before encryption counts after it, and a failure says at which word.

mod letter;
mod mail;
mod relay;
mod talk;

use super::letter::Letter;
use super::outcome::{Cause, Fault, Receipt, Step};
use super::outside::{Budget, Outside};
use super::page::Page;
use lettre::Address;
use lettre::message::Mailbox;
use relay::{Relay, Security};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use talk::Talk;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use twinline_trackers::http::{Secret, Trust};

/// Addresses of one server that are tried.
const ADDRESSES_MAX: usize = 4;

/// The settings of a mail server.
pub struct SmtpSettings<'a> {
    /// `smtp://user:password@host:587` (encrypted by STARTTLS) or `smtps://user:password@host:465` (encrypted from the
    /// start); user, password and port may be left out. On this machine, or with `?tls=no`, `smtp://` is not encrypted;
    /// `?tls=starttls` encrypts there too. No password travels unencrypted to another machine.
    pub url: Secret,
    /// Who sends: `watch@acme.example` or `Acme watch <watch@acme.example>`.
    pub from: &'a str,
    /// How a genuine server is told.
    pub trust: &'a Trust,
}

pub(super) struct Smtp {
    relay: Relay,
    url: Secret,
    from: Mailbox,
    tls: TlsConnector,
}

impl Smtp {
    pub(super) fn new(settings: SmtpSettings<'_>) -> Result<Self, String> {
        let from = settings.from;
        let from: Mailbox = from.parse().map_err(|error| {
            format!("its from '{from}' is not like watch@acme.example: {error}")
        })?;
        let config: ClientConfig = settings.trust.client();
        Ok(Self {
            relay: Relay::parse(&settings.url)?,
            url: settings.url,
            from,
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    pub(super) fn host(&self) -> &str {
        &self.relay.host
    }

    pub(super) fn secrets(&self) -> Vec<&str> {
        let login = self.relay.login.as_ref();
        let mut secrets = vec![self.url.expose()];
        if let Some(login) = login {
            secrets.extend([
                login.password.expose(),
                login.plain.as_str(),
                login.encoded.as_str(),
            ]);
        }
        secrets
    }

    pub(super) async fn send(&self, page: &Page, outside: &Outside) -> Result<Receipt, Cause> {
        let to = self.recipient(&page.to)?;
        let content = mail::compose(page, &self.from, &to)?;
        self.hand_over(&to, &content, outside).await
    }

    pub(super) async fn post(&self, letter: &Letter, outside: &Outside) -> Result<Receipt, Cause> {
        let to = self.recipient(&letter.to)?;
        let content = letter::compose(letter, &self.from, &to)?;
        self.hand_over(&to, &content, outside).await
    }

    fn recipient(&self, to: &str) -> Result<Address, Cause> {
        let parsed: Result<Address, _> = to.parse();
        let to = parsed
            .map_err(|error| Cause::unsuitable(format!("'{to}' is no mail address: {error}")))?;
        let addresses: [&str; 2] = [self.from.email.as_ref(), to.as_ref()];
        if let Some(wrong) = addresses.iter().find(|address| !address.is_ascii()) {
            let said = format!(
                "'{wrong}' has other characters than ASCII, which not every mail server passes on"
            );
            return Err(Cause::unsuitable(said));
        }
        Ok(to)
    }

    async fn hand_over(
        &self,
        to: &Address,
        content: &[u8],
        outside: &Outside,
    ) -> Result<Receipt, Cause> {
        let budget = Budget::begin(outside.deadlines.whole);
        let mut talk = self.open(outside, &budget).await?;
        self.log_in(&mut talk).await?;
        talk.command(Step::Sender, &format!("MAIL FROM:<{}>", self.from.email))
            .await?;
        talk.command(Step::Recipient, &format!("RCPT TO:<{to}>"))
            .await?;
        talk.command(Step::Content, "DATA").await?;
        let reply = talk.content(content).await?;
        // It has the mail; how it takes the farewell changes nothing.
        talk.farewell().await;
        Ok(Receipt {
            reference: reply.said(),
        })
    }

    /// Connects, encrypts as it is configured, and has the server's capabilities.
    async fn open<'b>(&self, outside: &Outside, budget: &'b Budget) -> Result<Talk<'b>, Cause> {
        let step_max = outside.deadlines.step;
        let socket = self.connect(outside, budget).await?;
        let own = socket.local_addr().map(|own| own.ip());
        let hello = hello(own.unwrap_or(IpAddr::from([127, 0, 0, 1])));
        let stream: Box<dyn talk::Stream> = match self.relay.security {
            Security::FromTheStart => self.encrypt(socket, budget, step_max).await?,
            Security::StartTls | Security::None => Box::new(socket),
        };
        let mut talk = Talk::new(stream, budget, step_max);
        talk.greeted().await?;
        talk.hello(&hello).await?;
        if self.relay.security == Security::StartTls {
            if !talk.can("STARTTLS") {
                let said = "the server does not offer STARTTLS; use smtps://, or ?tls=no if nobody can listen on the way";
                return Err(Cause::new(Step::Encrypt, Fault::Refused, said));
            }
            talk.command(Step::Encrypt, "STARTTLS").await?;
            let plain = talk.into_stream()?;
            let stream = self.encrypt(plain, budget, step_max).await?;
            talk = Talk::new(stream, budget, step_max);
            talk.hello(&hello).await?;
        }
        Ok(talk)
    }

    async fn connect(&self, outside: &Outside, budget: &Budget) -> Result<TcpStream, Cause> {
        let Relay { host, port, .. } = &self.relay;
        let connect_max = outside.deadlines.connect;
        let found = budget
            .step(Step::Lookup, connect_max, outside.addresses.find(host))
            .await?;
        let found = found.map_err(|error| {
            Cause::new(Step::Lookup, Fault::Unreachable, format!("{host}: {error}"))
        })?;
        let mut last = Cause::new(
            Step::Lookup,
            Fault::Unreachable,
            format!("{host} has no address"),
        );
        for ip in found.into_iter().take(ADDRESSES_MAX) {
            let at = SocketAddr::new(ip, *port);
            match budget
                .step(Step::Connect, connect_max, TcpStream::connect(at))
                .await
            {
                Ok(Ok(socket)) => return Ok(socket),
                Ok(Err(error)) => {
                    last = Cause::new(Step::Connect, Fault::Unreachable, format!("{at}: {error}"));
                }
                // Nobody there, or nobody who answers: for who pages it is the same.
                Err(late) => {
                    let said = format!("{at}: {}", late.said);
                    last = Cause::new(Step::Connect, Fault::Unreachable, said);
                }
            }
        }
        Err(last)
    }

    async fn encrypt<S: talk::Stream + 'static>(
        &self,
        stream: S,
        budget: &Budget,
        max: std::time::Duration,
    ) -> Result<Box<dyn talk::Stream>, Cause> {
        let name = ServerName::try_from(self.relay.host.clone()).map_err(|_| {
            Cause::new(
                Step::Encrypt,
                Fault::Refused,
                "the server's name cannot be in a certificate",
            )
        })?;
        let agreed = budget
            .step(Step::Encrypt, max, self.tls.connect(name, stream))
            .await?;
        let stream = agreed.map_err(|error| {
            let fault = match error
                .get_ref()
                .is_some_and(|inner| inner.is::<rustls::Error>())
            {
                true => Fault::Refused,
                false => Fault::Broken,
            };
            Cause::new(
                Step::Encrypt,
                fault,
                format!("{}: {error}", self.relay.host),
            )
        })?;
        Ok(Box::new(stream))
    }

    async fn log_in(&self, talk: &mut Talk<'_>) -> Result<(), Cause> {
        let Some(login) = &self.relay.login else {
            return Ok(());
        };
        if talk.offers_login("PLAIN") {
            let words = format!("AUTH PLAIN {}", login.plain.as_str());
            return talk.command(Step::Authenticate, &words).await.map(drop);
        }
        if talk.offers_login("LOGIN") {
            talk.command(Step::Authenticate, "AUTH LOGIN").await?;
            talk.command(Step::Authenticate, &talk::encoded(&login.user))
                .await?;
            return talk
                .command(Step::Authenticate, &login.encoded)
                .await
                .map(drop);
        }
        let said = "the server offers no way to log in that is known here (PLAIN, LOGIN)";
        Err(Cause::new(Step::Authenticate, Fault::Refused, said))
    }
}

/// How we call ourselves: a name of ours may mean nothing there, our address is right.
fn hello(own: IpAddr) -> String {
    match own {
        IpAddr::V4(own) => format!("[{own}]"),
        IpAddr::V6(own) => format!("[IPv6:{own}]"),
    }
}
