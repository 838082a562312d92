//! What a node's section says: by options, and by what a person answers to the rest.

use super::ask::{Ask, secret_from_stdin};
use crate::cli::AddNodeArgs;
use crate::commands::hook_secret;
use crate::config::{Config, SealKey};
use crate::exit::{Coded, USAGE};
use crate::handles::SystemEntropy;
use anyhow::Result;
use ipnet::IpNet;
use std::collections::BTreeMap;
use twinline_trackers::http::Secret;
use twinline_trackers::registry;
use url::Url;

/// Where a credential lies.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// In the configuration: it is no secret.
    Plain(String),
    /// In a file, relative to the configuration's folder; one that is to be made has its text.
    File {
        path: String,
        made: Option<Secret>,
    },
    Env(String),
    /// In the configuration, for who has the instance's key.
    Sealed(String),
}

/// Where secrets are kept that no option names a place for.
pub(super) enum Keeping<'a> {
    /// In files of their own, below `secrets`.
    Files,
    /// Sealed with the instance's key, in the configuration.
    Sealed(&'a SealKey),
}

impl Keeping<'_> {
    fn keep(&self, node: &str, key: &str, secret: Secret) -> Place {
        match self {
            Self::Files => Place::File {
                path: format!("secrets/{node}.{key}"),
                made: Some(secret),
            },
            Self::Sealed(by) => Place::Sealed(by.seal(&secret, &SystemEntropy)),
        }
    }
}

/// All that a node's section says.
#[derive(Clone, Debug)]
pub(super) struct Answers {
    pub(super) tracker: String,
    pub(super) url: Url,
    pub(super) auth: BTreeMap<String, Place>,
    pub(super) texts: Option<String>,
    /// The file that describes its API, where the tracker is one that is described.
    pub(super) description: Option<String>,
    pub(super) allow_private: Vec<IpNet>,
    pub(super) workspace: Option<String>,
    /// Where what signs its webhooks lies.
    pub(super) hook: Option<Place>,
    pub(super) sends_webhooks: bool,
}

/// The key of a secret of many lines, which nobody types: its file is named.
const KEY_FILE: &str = "private_key";

fn usage(sentence: impl Into<String>) -> anyhow::Error {
    Coded::new(USAGE, sentence).into()
}

/// The node's name and section: what options say, and what a person answers to the rest.
pub(super) fn gather(
    args: &AddNodeArgs,
    config: &Config,
    keeping: &Keeping<'_>,
    person: &mut dyn Ask,
) -> Result<(String, Answers)> {
    let tracker = match &args.tracker {
        Some(tracker) => tracker.clone(),
        None if person.can() => {
            let known = registry::trackers().collect::<Vec<_>>().join(", ");
            person.line(&format!("Tracker ({known})"), "")?
        }
        None => return Err(usage("--tracker is missing")),
    };
    let example = registry::example(&tracker)?;
    let name = name(args, config, &tracker, person)?;
    let url = match &args.url {
        Some(url) => url.clone(),
        None if person.can() => {
            let url = person.line("Its address", example.url)?;
            url.parse()
                .map_err(|error| usage(format!("'{url}' is no address: {error}")))?
        }
        None => {
            return Err(usage(format!(
                "--url is missing, such as --url {}",
                example.url
            )));
        }
    };
    let description = description(args, &tracker, &name, person)?;
    let auth = auth(args, &tracker, (&name, keeping), person)?;
    let sends_webhooks = registry::capabilities(&tracker)?.webhooks;
    let own = args.webhook_secret.as_ref().map(|path| Place::File {
        path: path.display().to_string(),
        made: None,
    });
    let hook = own.or_else(|| {
        let made = sends_webhooks && !args.poll;
        made.then(|| keeping.keep(&name, "hook", Secret::new(hook_secret())))
    });
    let texts = texts(args, &tracker, person)?;
    let answers = Answers {
        tracker,
        url,
        auth,
        texts,
        description,
        allow_private: args.allow_private.clone(),
        workspace: args.workspace.clone(),
        hook,
        sends_webhooks,
    };
    Ok((name, answers))
}

fn name(
    args: &AddNodeArgs,
    config: &Config,
    tracker: &str,
    person: &mut dyn Ask,
) -> Result<String> {
    let name = match &args.name {
        Some(name) => name.clone(),
        None if person.can() => person.line("The node's name", tracker)?,
        None => tracker.to_owned(),
    };
    if config.nodes.contains_key(&name) {
        return Err(usage(format!(
            "there is a node '{name}' already: give this one another name"
        )));
    }
    if !crate::commands::is_name(&name) {
        return Err(usage(format!(
            "'{name}': a node's name is 1 to 64 of a-z, 0-9 and '-'"
        )));
    }
    Ok(name)
}

/// The file that describes the tracker's API.
fn description(
    args: &AddNodeArgs,
    tracker: &str,
    node: &str,
    person: &mut dyn Ask,
) -> Result<Option<String>> {
    let given = args
        .description
        .as_ref()
        .map(|path| path.display().to_string());
    if registry::described(tracker)?.is_none() {
        return match given {
            Some(_) => Err(usage(format!(
                "--description: {} is known without one",
                registry::label(tracker)
            ))),
            None => Ok(None),
        };
    }
    let usual = format!("trackers/{node}.toml");
    match given {
        Some(path) => Ok(Some(path)),
        None if person.can() => {
            let path = person.line("The file that describes its API", &usual)?;
            Ok(Some(path))
        }
        None => Err(usage(format!(
            "--description is missing, such as --description {usual}: the file that describes its API (docs: adding-a-tracker.md)"
        ))),
    }
}

fn texts(args: &AddNodeArgs, tracker: &str, person: &mut dyn Ask) -> Result<Option<String>> {
    let known = registry::notations(tracker)?;
    let Some(usual) = known.first() else {
        return Ok(args.texts.clone());
    };
    if args.texts.is_some() || !person.can() {
        return Ok(args.texts.clone());
    }
    let names = known.iter().map(ToString::to_string);
    let names = names.collect::<Vec<_>>().join(" or ");
    let answer = person.line(
        &format!("How its texts are marked up ({names})"),
        &usual.to_string(),
    )?;
    Ok(Some(answer))
}

/// The credentials: those that options name, and those that a person adds.
fn auth(
    args: &AddNodeArgs,
    tracker: &str,
    (node, keeping): (&str, &Keeping<'_>),
    person: &mut dyn Ask,
) -> Result<BTreeMap<String, Place>> {
    let mut given = given(args, tracker, (node, keeping))?;
    let forms = registry::auth(tracker)?;
    let fits = |form: &&&[&str]| given.keys().all(|key| form.contains(&key.as_str()));
    let fitting: Vec<&[&str]> = forms.iter().filter(fits).copied().collect();
    let Some(form) = chosen(&fitting, &given, person)? else {
        let forms: Vec<String> = forms.iter().map(|form| form.join(" and ")).collect();
        let keys: Vec<&str> = given.keys().map(String::as_str).collect();
        let sentence = format!(
            "{tracker} takes {}, and not {}",
            forms.join(", or "),
            keys.join(" and ")
        );
        return Err(usage(sentence));
    };
    let missing: Vec<&str> = form
        .iter()
        .copied()
        .filter(|key| !given.contains_key(*key))
        .collect();
    if missing.is_empty() {
        return Ok(given);
    }
    let example = registry::example(tracker)?;
    let made = format!(
        "{} needs {}. It is made: {}.\nIts account needs: {}.",
        registry::label(tracker),
        form.join(" and "),
        example.token,
        example.rights
    );
    if !person.can() {
        let options = missing.iter().map(|key| option(tracker, key));
        let options = options.collect::<Vec<_>>().join(" and ");
        return Err(usage(format!("{made}\nGive it with {options}.")));
    }
    person.tell(&made)?;
    for key in missing {
        let place = if key == KEY_FILE {
            let path = person.line(&format!("The file with the {key}"), "")?;
            if path.is_empty() {
                return Err(usage(format!("{key} names no file: nothing was written")));
            }
            Place::File { path, made: None }
        } else if registry::is_secret(tracker, key) {
            let secret = person.secret(key)?;
            if secret.is_empty() {
                return Err(usage(format!("{key} is empty: nothing was written")));
            }
            keeping.keep(node, key, secret)
        } else {
            Place::Plain(person.line(key, "")?)
        };
        given.insert(key.to_owned(), place);
    }
    Ok(given)
}

/// The form in which credentials are given, of those that fit what options name: the one that they name whole, else the one
/// that a person picks, else the first.
fn chosen<'a>(
    fitting: &[&'a [&'a str]],
    given: &BTreeMap<String, Place>,
    person: &mut dyn Ask,
) -> Result<Option<&'a [&'a str]>> {
    let whole = fitting.iter().find(|form| form.len() == given.len());
    if fitting.len() < 2 || whole.is_some() || !person.can() {
        return Ok(whole.or(fitting.first()).copied());
    }
    let numbered = (1..).zip(fitting);
    let numbered = numbered.map(|(number, form)| format!("{number}: {}", form.join(" and ")));
    let question = format!(
        "How it signs in ({})",
        numbered.collect::<Vec<_>>().join("; ")
    );
    let answer = person.line(&question, "1")?;
    let number: Option<usize> = answer.parse().ok();
    let form = number.and_then(|number| fitting.get(number.checked_sub(1)?));
    match form {
        Some(form) => Ok(Some(form)),
        None => Err(usage(format!("'{answer}' is none of these"))),
    }
}

fn option(tracker: &str, key: &str) -> String {
    if registry::is_secret(tracker, key) {
        format!("--secret-stdin {key}, --secret-file {key}=PATH or --secret-env {key}=NAME")
    } else {
        format!("--auth {key}=…")
    }
}

/// The credentials that options name.
fn given(
    args: &AddNodeArgs,
    tracker: &str,
    (node, keeping): (&str, &Keeping<'_>),
) -> Result<BTreeMap<String, Place>> {
    let mut all = Vec::new();
    for (key, value) in &args.auth {
        if registry::is_secret(tracker, key) {
            // The value is not repeated: it may be the secret.
            return Err(usage(format!(
                "--auth {key}: a secret does not stand on the command line, where others may read it: give it with {}",
                option(tracker, key)
            )));
        }
        all.push((key, Place::Plain(value.clone())));
    }
    let files = args.secret_file.iter();
    all.extend(files.map(|(key, path)| {
        let path = path.clone();
        (key, Place::File { path, made: None })
    }));
    let named = args.secret_env.iter();
    all.extend(named.map(|(key, name)| (key, Place::Env(name.clone()))));
    if let Some(key) = &args.secret_stdin {
        let secret = secret_from_stdin()?;
        if secret.is_empty() {
            return Err(usage(format!(
                "standard input is empty: {key} was expected there"
            )));
        }
        all.push((key, keeping.keep(node, key, secret)));
    }
    let mut given = BTreeMap::new();
    for (key, place) in all {
        if given.insert(key.clone(), place).is_some() {
            return Err(usage(format!("{key} is given twice")));
        }
    }
    Ok(given)
}
