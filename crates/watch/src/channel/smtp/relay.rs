//! Which server, how encrypted, as whom: from one URL.

use super::super::answer::is_loopback;
use super::talk;
use percent_encoding::percent_decode_str;
use twinline_trackers::http::Secret;
use url::{Host, Url};
use zeroize::Zeroizing;

/// A mail server, as the configuration names it.
pub(super) struct Relay {
    /// A name, or an address without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) login: Option<Login>,
}

/// How the conversation is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Security {
    /// Before the first word.
    FromTheStart,
    /// After the server was asked; without it nothing is sent.
    StartTls,
    /// Not.
    None,
}

/// Whom we say to be.
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: Secret,
    /// Both as AUTH PLAIN sends them.
    pub(super) plain: Zeroizing<String>,
    /// The password as AUTH LOGIN sends it.
    pub(super) encoded: Zeroizing<String>,
}

impl Relay {
    /// Reads a URL; what is wrong is said without repeating it.
    pub(super) fn parse(secret: &Secret) -> Result<Self, String> {
        let url: Url = secret
            .expose()
            .parse()
            .map_err(|error| format!("its url cannot be read: {error}"))?;
        let here = is_local(&url);
        let security = security(&url, here)?;
        let login = login(&url)?;
        if login.is_some() && security == Security::None && !here {
            return Err("its url has a password and tls=no: anybody on the way could read it; use smtps:// or leave tls=no out".to_owned());
        }
        let host = match url.host() {
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(host) => host.to_string(),
            None => {
                return Err(
                    "its url names no server: smtps://user:password@mail.example".to_owned(),
                );
            }
        };
        let port = url.port().unwrap_or(match security {
            Security::FromTheStart => 465,
            Security::StartTls => 587,
            Security::None => 25,
        });
        Ok(Self {
            host,
            port,
            security,
            login,
        })
    }
}

fn security(url: &Url, here: bool) -> Result<Security, String> {
    let mut asked = None;
    for (key, value) in url.query_pairs() {
        if key != "tls" {
            return Err(format!(
                "its url asks for '{key}', and only tls=no or tls=starttls can be asked for"
            ));
        }
        asked = Some(value.into_owned());
    }
    match (url.scheme(), asked.as_deref()) {
        ("smtps", None) => Ok(Security::FromTheStart),
        ("smtps", Some(_)) => {
            Err("its url begins with smtps:// and asks for tls: leave one of them out".to_owned())
        }
        ("smtp", Some("starttls")) => Ok(Security::StartTls),
        ("smtp", Some("no")) => Ok(Security::None),
        ("smtp", Some(other)) => Err(format!(
            "its url asks for tls={other}, which is neither no nor starttls"
        )),
        ("smtp", None) if here => Ok(Security::None),
        ("smtp", None) => Ok(Security::StartTls),
        (other, _) => Err(format!(
            "its url begins with {other}://, and must begin with smtp:// or smtps://"
        )),
    }
}

fn login(url: &Url) -> Result<Option<Login>, String> {
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8();
        text.map(|text| text.into_owned())
            .map_err(|_| "the user or the password of its url is not UTF-8".to_owned())
    };
    if url.username().is_empty() {
        return match url.password() {
            None => Ok(None),
            Some(_) => Err("its url has a password and no user".to_owned()),
        };
    }
    let Some(password) = url.password() else {
        return Err("its url has a user and no password: write @ in a user as %40, : and / in a password as %3A and %2F".to_owned());
    };
    let (user, password) = (decoded(url.username())?, Secret::new(decoded(password)?));
    let pair = Zeroizing::new(format!("\0{user}\0{}", password.expose()));
    Ok(Some(Login {
        user,
        plain: Zeroizing::new(talk::encoded(&pair)),
        encoded: Zeroizing::new(talk::encoded(password.expose())),
        password,
    }))
}

/// `smtp` is no scheme of the web: its host is not read as an address by itself.
fn is_local(url: &Url) -> bool {
    let address = url.host_str().map(|host| host.trim_matches(['[', ']']));
    let address = address.and_then(|host| host.parse::<std::net::IpAddr>().ok());
    is_loopback(url) || address.is_some_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests;
