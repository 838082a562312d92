//! Secrets: by reference in the file; read, they are `twinline_trackers::http::Secret`.

use super::error::ConfigError;
use super::sealed::Sealed;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};
use twinline_trackers::http::Secret;

/// What to write instead of a secret. It never repeats what was written.
pub(super) const BY_REFERENCE: &str = "a secret does not stand in this file: write where it lies, { file = \"PATH\" } or { env = \"NAME\" }, or what 'twinline seal' makes of it, { sealed = \"…\" }";

/// Where a secret lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretRef {
    /// In a file, surrounding white space left off. Relative to the configuration file.
    File(PathBuf),
    /// In an environment variable.
    Env(String),
    /// In the configuration itself, for who has the instance's key.
    Sealed(Sealed),
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reference)
    }
}

/// Reads `{ file = … }`, `{ env = … }` and `{ sealed = … }`.
struct Reference;

impl<'de> Visitor<'de> for Reference {
    type Value = SecretRef;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{ file = \"PATH\" }, { env = \"NAME\" } or { sealed = \"…\" }")
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<SecretRef, E> {
        Err(E::custom(BY_REFERENCE))
    }

    // What is no text is refused by name too: the sentences of serde repeat the value.
    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<SecretRef, E> {
        Err(E::custom(BY_REFERENCE))
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<SecretRef, E> {
        Err(E::custom(BY_REFERENCE))
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<SecretRef, E> {
        Err(E::custom(BY_REFERENCE))
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<SecretRef, E> {
        Err(E::custom(BY_REFERENCE))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretRef, A::Error> {
        let one = || {
            A::Error::custom(
                "write one of { file = \"PATH\" }, { env = \"NAME\" } and { sealed = \"…\" }",
            )
        };
        let key = map.next_key::<String>()?.ok_or_else(one)?;
        let read = match key.as_str() {
            "file" => SecretRef::File(map.next_value()?),
            "env" => SecretRef::Env(map.next_value()?),
            "sealed" => {
                // The text is not repeated: it may be the secret.
                let sealed = Sealed::parse(map.next_value()?);
                let sentence =
                    "what stands in 'sealed' was not sealed: 'twinline seal' makes it of a secret";
                SecretRef::Sealed(sealed.ok_or_else(|| A::Error::custom(sentence))?)
            }
            other => return Err(A::Error::unknown_field(other, &["file", "env", "sealed"])),
        };
        if map.next_key::<String>()?.is_some() {
            return Err(one());
        }
        Ok(read)
    }
}

impl SecretRef {
    /// Reads the secret. `base` is the configuration file's folder; `what` names the key in an error.
    pub fn read(&self, base: &Path, what: &str) -> Result<Secret, ConfigError> {
        let text = match self {
            Self::File(path) => std::fs::read_to_string(base.join(path)).map_err(|error| {
                ConfigError::secret(
                    what,
                    format!(
                        "the file {} cannot be read: {error}",
                        base.join(path).display()
                    ),
                )
            })?,
            Self::Env(name) => read_environment(name).ok_or_else(|| {
                ConfigError::secret(what, format!("the environment variable {name} is not set"))
            })?,
            Self::Sealed(sealed) => return sealed.open(base, what),
        };
        let secret = Secret::new(text);
        if secret.is_empty() {
            return Err(ConfigError::secret(what, "it is empty".to_owned()));
        }
        Ok(secret)
    }
}

/// One credential: a plain text where the tracker's is no secret (a user name), or a reference to a secret.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum AuthValue {
    /// Not secret: an e-mail address, a user name.
    Plain(String),
    /// Secret.
    Secret(SecretRef),
}

impl<'de> Deserialize<'de> for AuthValue {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Credential)
    }
}

/// Reads a text or a reference.
struct Credential;

impl<'de> Visitor<'de> for Credential {
    type Value = AuthValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "{ file = \"PATH\" }, { env = \"NAME\" }, { sealed = \"…\" } or a text that is no secret",
        )
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<AuthValue, E> {
        Ok(AuthValue::Plain(text.to_owned()))
    }

    // A number without quotes may well be a secret, and the sentences of serde repeat the value.
    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<AuthValue, E> {
        Err(E::custom(BY_REFERENCE))
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<AuthValue, E> {
        Err(E::custom(BY_REFERENCE))
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<AuthValue, E> {
        Err(E::custom(BY_REFERENCE))
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<AuthValue, E> {
        Err(E::custom(BY_REFERENCE))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AuthValue, A::Error> {
        Reference.visit_map(map).map(AuthValue::Secret)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the configuration is the one place that reads the environment"
)]
fn read_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
