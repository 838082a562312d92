//! Which files are copied at all.

use crate::capability::AttachmentCapabilities;
use crate::contract::AttachmentContract;
use crate::item::Attachment;

/// Why a file is not copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// The other tracker takes no files at all: a link is written, whatever the rules say of large files.
    NoUpload,
    /// A limit of the rules or of the other tracker, in words.
    Limit(String),
}

impl Over {
    /// In words.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::NoUpload => "the other tracker takes no files".to_owned(),
            Self::Limit(reason) => reason.clone(),
        }
    }
}

/// Whether a file may be copied to a tracker.
pub(super) fn judge(
    file: &Attachment,
    contract: &AttachmentContract,
    target: &AttachmentCapabilities,
) -> Result<(), Over> {
    if !target.upload {
        return Err(Over::NoUpload);
    }
    let media_type = essence(&file.media_type);
    if contract
        .deny
        .iter()
        .any(|denied| covers(denied, &media_type))
    {
        return Err(Over::Limit(format!(
            "files of type {media_type} are not copied (deny)"
        )));
    }
    if file.size > contract.max_bytes {
        return Err(Over::Limit(format!(
            "{}; at most {} are copied (max_mib)",
            shown_size(file.size),
            shown_size(contract.max_bytes)
        )));
    }
    if let Some(max) = target.max_bytes.filter(|max| file.size > *max) {
        return Err(Over::Limit(format!(
            "{}; the other tracker takes {}",
            shown_size(file.size),
            shown_size(max)
        )));
    }
    Ok(())
}

/// A media type without its parameters, in lower case.
fn essence(media_type: &str) -> String {
    let bare = media_type.split(';').next().unwrap_or_default();
    bare.trim().to_ascii_lowercase()
}

/// Whether a media type is one of those that are denied: `video/*` covers all of its kind.
fn covers(denied: &str, media_type: &str) -> bool {
    match denied.strip_suffix('*') {
        Some(kind) => media_type.starts_with(kind),
        None => denied == media_type,
    }
}

/// A size for people: `12 bytes`, `1.5 KiB`, `25 MiB`.
pub(super) fn shown_size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    let (mut tenths, mut unit) = (u128::from(bytes) * 10 / 1024, 0);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    match tenths % 10 {
        0 => format!("{} {}", tenths / 10, UNITS[unit]),
        rest => format!("{}.{rest} {}", tenths / 10, UNITS[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_shown_in_the_unit_that_people_use() {
        let check = |bytes, shown| assert_eq!(shown_size(bytes), shown);
        check(0, "0 bytes");
        check(1023, "1023 bytes");
        check(1024, "1 KiB");
        check(1536, "1.5 KiB");
        check(25 * 1024 * 1024, "25 MiB");
        check(500 * 1024 * 1024 + 1, "500 MiB");
        check(u64::MAX, "16777215.9 TiB");
    }

    #[test]
    fn a_denied_type_is_told_apart_from_its_parameters() {
        let check = |denied, media_type, covered| {
            assert_eq!(
                covers(denied, &essence(media_type)),
                covered,
                "{media_type}"
            );
        };
        check("text/html", "Text/HTML; charset=utf-8", true);
        check("text/*", "text/plain", true);
        check("text/html", "text/htmlx", false);
        check("video/*", "audio/ogg", false);
    }
}
