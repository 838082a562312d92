//! `node add`: asks, asks the tracker, and only then writes.

use super::answers::{Answers, Keeping, Place, gather};
use super::ask::Terminal;
use super::{Verdict, section};
use crate::cli::AddNodeArgs;
use crate::commands::files::{self, Owners, PRIVATE};
use crate::commands::seal::seal_key;
use crate::config::{self, Config};
use crate::exit::{Coded, FAILED};
use crate::handles::SystemClock;
use crate::nodes::{Nodes, webhook_url};
use crate::report::Report;
use anyhow::{Context as _, Result};
use serde_json::json;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use twinline_core::handles::Clock;
use twinline_core::names::NodeName;
use twinline_trackers::registry;
use twinline_trackers::{Scope, Tracker};

pub(super) async fn run(file: &Path, args: &AddNodeArgs, json: bool) -> Result<Report> {
    let before = config::load(file)?;
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let mut person = Terminal::new(json || args.secret_stdin.is_some());
    let key = args.seal.then(|| seal_key(file, &before)).transpose()?;
    let keeping = key.as_ref().map_or(Keeping::Files, Keeping::Sealed);
    let (name, answers) = gather(args, &before, &keeping, &mut person)?;
    let edited = section::with(&text, &name, &answers);
    // What `check` would refuse is refused here, before anything is written.
    let config = config::parse(file, &edited).map_err(|error| {
        let sentence = format!(
            "{} is as it was; with this node it would be wrong: {error}",
            file.display()
        );
        Coded::new(crate::exit::CONFIGURATION, sentence)
    })?;
    let mut written = Written::default();
    let added = add(
        file,
        args,
        (&name, &answers),
        (&text, &edited),
        &config,
        &mut written,
    )
    .await;
    if !added
        .as_ref()
        .is_ok_and(|report| report.code == crate::exit::OK)
    {
        written.take_back();
    }
    added
}

async fn add(
    file: &Path,
    args: &AddNodeArgs,
    (name, answers): (&str, &Answers),
    (text, edited): (&str, &str),
    config: &Config,
    written: &mut Written,
) -> Result<Report> {
    let owners = Owners::of(file).with_context(|| format!("looking at {}", file.display()))?;
    written.owners = Some(owners);
    let folder = file.parent().unwrap_or(Path::new(""));
    written.secrets(folder, answers)?;
    let place: Scope = args.scope.iter().cloned().collect();
    let public_url = config.public_url(name);
    let hook = public_url.filter(|_| answers.hook.is_some());
    let hook = hook.map(|url| webhook_url(url, &NodeName::from(name)));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let nodes = Nodes::new(config, file);
    let (tracker, verdict) = if args.unchecked {
        (nodes.unasked(name, &clock)?, None)
    } else {
        let tracker = nodes.one(name, &clock)?;
        let places = (!place.is_empty()).then(|| place.clone());
        // Its webhook is registered later, so nobody asks for it yet.
        let verdict = super::ask(tracker.as_ref(), &places.into_iter().collect(), None).await;
        if !verdict.faults.is_empty() {
            return refused(name, file, &verdict);
        }
        (tracker, Some(verdict))
    };
    let by_hand = by_hand(tracker.as_ref(), answers, &place, hook.as_deref()).await?;
    replace(file, text, edited)?;
    report(file, name, answers, written, (verdict, hook, by_hand))
}

fn refused(name: &str, file: &Path, verdict: &Verdict) -> Result<Report> {
    let mut json = verdict.json.clone();
    json["node"] = json!(name);
    json["added"] = json!(false);
    let text = format!(
        "{}\nnothing was added to {}: mend it and repeat, or add it all the same with --unchecked",
        verdict.faults.join("\n"),
        file.display()
    );
    Ok(Report::done(&json, text)?.with_code(FAILED))
}

/// What a person has to do in the tracker so that it sends webhooks.
async fn by_hand(
    tracker: &dyn Tracker,
    answers: &Answers,
    place: &Scope,
    hook: Option<&str>,
) -> Result<Option<String>> {
    let Some(hook) = hook else {
        return Ok(None);
    };
    if !registry::example(&answers.tracker)?.by_hand || place.is_empty() {
        return Ok(None);
    }
    // Such a connector registers nothing: it says how.
    match tracker.subscribe(place, hook, "").await? {
        twinline_trackers::Subscribed::ByHand(how) => Ok(Some(how)),
        _ => Ok(None),
    }
}

fn report(
    file: &Path,
    name: &str,
    answers: &Answers,
    written: &Written,
    (verdict, hook, by_hand): (Option<Verdict>, Option<String>, Option<String>),
) -> Result<Report> {
    let mut text = verdict
        .as_ref()
        .map_or(String::new(), |verdict| verdict.text.clone());
    text.push_str(&format!(
        "[nodes.{name}] stands in {} now\n",
        file.display()
    ));
    for path in &written.paths {
        text.push_str(&format!(
            "wrote {}, which who reads {} may read, and nobody else\n",
            path.display(),
            file.display()
        ));
    }
    let example = registry::example(&answers.tracker)?;
    match (&hook, &by_hand) {
        (_, Some(how)) => text.push_str(&format!("\n{how}\n")),
        (Some(hook), None) if example.by_hand => text.push_str(&format!(
            "its webhooks will go to {hook}: a person sets that up; 'twinline node webhook {name} --scope …' says how\n"
        )),
        (Some(hook), None) => text.push_str(&format!(
            "its webhooks will go to {hook}: the host registers them once rules are in force\n"
        )),
        (None, None) if answers.hook.is_some() => text.push_str(
            "instance.public_url is not set: the tracker cannot reach the edge, and is asked for its changes\n",
        ),
        (None, None) => text.push_str("it is asked for its changes\n"),
    }
    text.push_str("Next: name it in a rule (docs: rules.md), restart 'twinline up' and run 'twinline check'\n");
    let json = json!({
        "node": name,
        "added": true,
        "file": file,
        "secrets": written.paths,
        "asked": verdict.as_ref().map(|verdict| &verdict.json),
        "webhook": { "url": hook, "instructions": by_hand },
    });
    Report::done(&json, text)
}

/// Puts the new text in the place of the old; not where somebody has edited it meanwhile.
fn replace(file: &Path, before: &str, after: &str) -> Result<()> {
    let now = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    if now != before {
        let sentence = format!(
            "{} was edited meanwhile: nothing was added; repeat it",
            file.display()
        );
        return Err(Coded::new(FAILED, sentence).into());
    }
    files::replace(file, after)
}

/// The files with secrets that were made.
#[derive(Debug, Default)]
struct Written {
    paths: Vec<PathBuf>,
    /// Whose they are.
    owners: Option<Owners>,
}

impl Written {
    fn secrets(&mut self, folder: &Path, answers: &Answers) -> Result<()> {
        for place in answers.auth.values().chain(&answers.hook) {
            if let Place::File {
                path,
                made: Some(secret),
            } = place
            {
                self.make(&folder.join(path), secret.expose())?;
            }
        }
        Ok(())
    }

    fn make(&mut self, path: &Path, secret: &str) -> Result<()> {
        let mode = self.owners.map_or(PRIVATE, Owners::secret);
        let made = files::make(path, &format!("{secret}\n"), mode, self.owners);
        made.map_err(|error| {
            let sentence = if error.kind() == ErrorKind::AlreadyExists {
                format!("{} is there already, and is not overwritten: name it with --secret-file, or remove it", path.display())
            } else {
                format!("{} cannot be made: {error}", path.display())
            };
            Coded::new(FAILED, sentence)
        })?;
        self.paths.push(path.to_owned());
        Ok(())
    }

    /// Removes them, since the node was not added.
    fn take_back(&self) {
        for path in &self.paths {
            if let Err(error) = fs::remove_file(path) {
                crate::report::aside(&format!("{} is left behind: {error}", path.display()));
            }
        }
    }
}
