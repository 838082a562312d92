//! What cannot be read out of one key alone.

use super::{Channel, Moment, Watch};
use crate::config::error::{ConfigError, alternative};
use crate::config::model::Config;
use ipnet::IpNet;
use std::path::Path;
use std::time::Duration;
use twinline_core::watch::escalation::{Contact, Target};
use twinline_core::watch::probe::{Schedule, Settings};

/// The most people, channels, rotations, escalations and components: more is a mistake, and each is kept in memory.
const NAMES_MAX: usize = 1000;

/// Refuses what would keep a page from going out when it must.
pub(in crate::config) fn check(path: &Path, config: &Config) -> Result<(), ConfigError> {
    let watch = &config.watch;
    let refuse = |key: &str, reason: String| Err(ConfigError::key(path, key, reason));
    if !watch.listen.ip().is_loopback() && !watch.plain_http {
        let reason = format!(
            "is {}, and plain HTTP is spoken on loopback only: put it behind something that speaks TLS, and write \
             watch.plain_http = true where that is another machine",
            watch.listen
        );
        return refuse("watch.listen", reason);
    }
    let everybody = |net: &&IpNet| net.prefix_len() == 0;
    if let Some(all) = watch.trusted_proxies.iter().find(everybody) {
        let reason = format!("'{all}' is everybody: write the networks of your own proxies only");
        return refuse("watch.trusted_proxies", reason);
    }
    if let Some(url) = &watch.public_url
        && (!matches!(url.scheme(), "http" | "https") || url.host().is_none())
    {
        let reason = format!("'{url}' is not an http or https address");
        return refuse("watch.public_url", reason);
    }
    if watch
        .outside_ping
        .as_ref()
        .is_some_and(|it| it.period_s == 0)
    {
        return refuse(
            "watch.outside_ping.period_s",
            "is 0; write at least 1".to_owned(),
        );
    }
    check_probes(path, watch)?;
    check_channels(path, watch)?;
    check_people(path, watch)?;
    check_roster(path, config)?;
    check_limits(path, watch)?;
    super::queues::check(path, config)?;
    check_status(path, config)
}

fn check_probes(path: &Path, watch: &Watch) -> Result<(), ConfigError> {
    for (name, pace) in watch.probes.paces() {
        let key = format!("watch.probes.{name}");
        let refuse = |reason: String| Err(ConfigError::key(path, &key, reason));
        if let Err(wrong) = Settings::new(pace.open_after, pace.close_after) {
            return refuse(wrong.to_string());
        }
        let ms = Duration::from_millis;
        if let Err(wrong) = Schedule::new(ms(pace.period_ms), ms(pace.deadline_ms), 0) {
            return refuse(wrong.to_string());
        }
    }
    let probes = &watch.probes;
    // A pool that is idle is proven every 5 s: an age that is never reached would be told all the time.
    let limits = [
        (
            "disk.free_min_percent",
            probes.disk.free_min_percent,
            1..=90,
        ),
        ("inbox.depth_max", probes.inbox.depth_max, 1..=200_000),
        ("pools.proof_max_s", probes.pools.proof_max_s, 10..=3600),
        (
            "webhooks.unannounced_max",
            probes.webhooks.unannounced_max,
            1..=1_000_000,
        ),
        (
            "signatures.refused_max",
            probes.signatures.refused_max,
            1..=1_000_000,
        ),
    ];
    for (limit, value, sound) in limits {
        if !sound.contains(&value) {
            let reason = format!("is {value}; write {} to {}", sound.start(), sound.end());
            let key = format!("watch.probes.{limit}");
            return Err(ConfigError::key(path, &key, reason));
        }
    }
    Ok(())
}

fn check_channels(path: &Path, watch: &Watch) -> Result<(), ConfigError> {
    for (name, channel) in &watch.channels {
        let key = format!("watch.channels.{name}");
        let sound = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if name.is_empty() || name.len() > 64 || !name.bytes().all(sound) {
            let reason = "a channel's name is 1 to 64 of a-z, 0-9 and '-'";
            return Err(ConfigError::key(path, &key, reason));
        }
        if let Channel::Webhook { secrets, .. } = channel
            && secrets.len() > 2
        {
            return Err(ConfigError::key(
                path,
                &key,
                "at most two secrets, while one rotates",
            ));
        }
    }
    Ok(())
}

fn check_people(path: &Path, watch: &Watch) -> Result<(), ConfigError> {
    let channels: Vec<&str> = watch.channels.keys().map(String::as_str).collect();
    let known = |contact: &Contact, key: &str| {
        if watch.channels.contains_key(&contact.channel) {
            return Ok(());
        }
        let instead = if channels.is_empty() {
            "write it under [watch.channels]".to_owned()
        } else {
            alternative(&contact.channel, "channel", &channels)
        };
        let reason = format!("there is no channel '{}': {instead}", contact.channel);
        Err(ConfigError::key(path, key, reason))
    };
    for (name, person) in &watch.people {
        let key = format!("watch.people.{name}");
        if name.is_empty() || name.len() > 255 || name == "everyone" || name.contains(':') {
            let reason = "a person's name has 1 to 255 bytes, no ':', and is not 'everyone'";
            return Err(ConfigError::key(path, &key, reason));
        }
        for contact in &person.reach {
            known(contact, &format!("{key}.reach"))?;
        }
    }
    for (index, escalation) in watch.escalations.iter().enumerate() {
        for target in escalation.steps.iter().flat_map(|step| &step.to) {
            if let Target::Contact(contact) = target {
                known(contact, &format!("watch.escalations[{index}].steps.to"))?;
            }
        }
    }
    for (name, rotation) in &watch.rotations {
        let key = format!("watch.rotations.{name}");
        let moments = rotation.overrides.iter().flat_map(|it| [&it.from, &it.to]);
        let gaps = rotation.deliberate.iter();
        let gaps = gaps.flat_map(|it| it.from.iter().chain(&it.to));
        for moment in moments.chain(gaps) {
            check_moment(path, &key, moment)?;
        }
        if let Err(reason) = rotation.schedule() {
            return Err(ConfigError::key(path, &key, reason));
        }
    }
    Ok(())
}

fn check_moment(path: &Path, key: &str, moment: &Moment) -> Result<(), ConfigError> {
    moment.instant().map(drop).map_err(|error| {
        let reason = format!("{error}: with the offset of its place");
        ConfigError::key(path, key, reason)
    })
}

fn check_roster(path: &Path, config: &Config) -> Result<(), ConfigError> {
    let watch = &config.watch;
    let roster = watch.roster();
    let quiet = watch.escalations.is_empty();
    let fault = roster.faults().into_iter().find(|fault| {
        use twinline_core::watch::escalation::RosterFault::NothingForCritical;
        // Without any escalation everybody is called, which is meant.
        !(quiet && *fault == NothingForCritical)
    });
    if let Some(fault) = fault {
        return Err(ConfigError::key(path, "watch", fault.to_string()));
    }
    let counts = [
        ("watch.channels", watch.channels.len()),
        ("watch.people", watch.people.len()),
        ("watch.rotations", watch.rotations.len()),
        ("watch.escalations", watch.escalations.len()),
        ("status.components", config.status.components.len()),
    ];
    match counts.into_iter().find(|(_, count)| *count > NAMES_MAX) {
        None => Ok(()),
        Some((key, count)) => {
            let reason = format!("are {count}; at most {NAMES_MAX}");
            Err(ConfigError::key(path, key, reason))
        }
    }
}

fn check_limits(path: &Path, watch: &Watch) -> Result<(), ConfigError> {
    let limits = &watch.limits;
    let refuse = |key: &str, reason: &str| Err(ConfigError::key(path, key, reason));
    if limits.pages_per_person_10min == 0 {
        return refuse(
            "watch.limits.pages_per_person_10min",
            "is 0; write at least 1",
        );
    }
    if !(1..=60).contains(&limits.channel_deadline_s) {
        return refuse("watch.limits.channel_deadline_s", "write 1 to 60");
    }
    match watch.changes.fault() {
        Some((key, reason)) => refuse(key, reason),
        None => Ok(()),
    }
}

fn check_status(path: &Path, config: &Config) -> Result<(), ConfigError> {
    let mut names = std::collections::BTreeSet::new();
    for component in &config.status.components {
        if component.name.trim().is_empty() || !names.insert(&component.name) {
            let reason = format!("'{}' is empty, or stands there twice", component.name);
            return Err(ConfigError::key(path, "status.components.name", reason));
        }
    }
    check_mail(path, config)
}

fn check_mail(path: &Path, config: &Config) -> Result<(), ConfigError> {
    if config.status.webhooks.enabled && config.watch.public_url.is_none() {
        let reason = "wants watch.public_url, which the links in calls begin with";
        return Err(ConfigError::key(path, "status.webhooks", reason));
    }
    let Some(name) = &config.status.mail else {
        return Ok(());
    };
    let refuse = |reason: String| Err(ConfigError::key(path, "status.mail", reason));
    let channels = &config.watch.channels;
    let smtp = channels
        .iter()
        .filter(|(_, it)| matches!(it, Channel::Smtp { .. }));
    let smtp: Vec<&str> = smtp.map(|(name, _)| name.as_str()).collect();
    if !smtp.contains(&name.as_str()) {
        let instead = if smtp.is_empty() {
            "write one of kind smtp under [watch.channels]".to_owned()
        } else {
            alternative(name, "channel", &smtp)
        };
        return refuse(format!("'{name}' is no channel of kind smtp: {instead}"));
    }
    if config.watch.public_url.is_none() {
        let reason = "wants watch.public_url, which the links in letters begin with";
        return refuse(reason.to_owned());
    }
    Ok(())
}
