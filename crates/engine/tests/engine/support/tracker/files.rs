//! Files: what is in them, how they are given and taken.

use super::*;
use futures_util::{StreamExt as _, stream};
use twinline_core::item::Attachment;
use twinline_trackers::http::{TransportError, collect};
use twinline_trackers::{FileBody, Upload};

/// So many bytes are given at a time.
const PIECE: usize = 1000;

impl Memory {
    /// A person attaches a file.
    pub(crate) fn attach_by_hand(&self, item: &ItemId, name: &str, content: Bytes) -> String {
        let file = self.new_file("person", name, &content);
        self.put_file(item, file.clone(), content);
        file.id
    }

    /// A person deletes a file.
    pub(crate) fn detach_by_hand(&self, item: &ItemId, id: &str) {
        self.change(&item.id, |target| {
            let files = target.attachments.get_or_insert_default();
            files.retain(|file| file.id != id);
        });
    }

    /// The files of an item: name and content.
    pub(crate) fn files(&self, item: &ItemId) -> Vec<(String, Bytes)> {
        let files = self.item(item).attachments.unwrap_or_default();
        let state = self.state();
        let known = |file: Attachment| (file.name, state.contents[&file.id].clone());
        files.into_iter().map(known).collect()
    }

    fn new_file(&self, by: &str, name: &str, content: &Bytes) -> Attachment {
        let mut state = self.state();
        state.next += 1;
        Attachment {
            id: format!("f{}", state.next),
            name: name.to_owned(),
            size: content.len() as u64,
            media_type: "application/octet-stream".to_owned(),
            author: Some(User {
                id: by.to_owned(),
                ..User::default()
            }),
            created: self.clock.now(),
            url: None,
            internal: false,
            marker: None,
        }
    }

    /// Lists a file whose bytes are elsewhere.
    pub(crate) fn list_file(&self, item: &ItemId, file: Attachment) {
        self.change(&item.id, |target| {
            target.attachments.get_or_insert_default().push(file);
        });
    }

    fn put_file(&self, item: &ItemId, file: Attachment, content: Bytes) {
        self.state().contents.insert(file.id.clone(), content);
        self.list_file(item, file);
    }

    pub(super) fn give_file(
        &self,
        item: &ItemId,
        file: &Attachment,
        (from, fault): (u64, Option<Fault>),
    ) -> Result<FileBody, TrackerError> {
        let there = self.item(item).attachments.unwrap_or_default();
        if there.iter().all(|found| found.id != file.id) {
            return Err(TrackerError::Unreachable {
                reason: "404 Not Found".to_owned(),
            });
        }
        let mut state = self.state();
        let from = if state.whole_files { 0 } else { from };
        let content = state.contents[&file.id].slice(usize::try_from(from).unwrap()..);
        let given = match fault {
            Some(Fault::Cut(at) | Fault::Short(at)) => content.slice(..at.min(content.len())),
            _ => content.clone(),
        };
        state.bytes_read += given.len();
        let (piece, every) = match fault {
            Some(Fault::Trickle(every)) => (1, every),
            _ => (PIECE, Duration::ZERO),
        };
        let mut pieces: Vec<Result<Bytes, TransportError>> = given
            .chunks(piece)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        if matches!(fault, Some(Fault::Cut(_))) && given.len() < content.len() {
            pieces.push(Err(TransportError::maybe_sent("the connection was cut")));
        }
        let after = match fault {
            Some(Fault::Slow(after)) => after,
            _ => Duration::ZERO,
        };
        let late = stream::once(async move {
            tokio::time::sleep(after).await;
            stream::iter(pieces)
        });
        Ok(FileBody {
            from,
            bytes: Box::pin(late.flatten().then(move |piece| async move {
                if !every.is_zero() {
                    tokio::time::sleep(every).await;
                }
                piece
            })),
        })
    }

    pub(super) async fn take_file(
        &self,
        effect: &Effect,
        upload: Upload,
        fault: Option<Fault>,
    ) -> Result<Applied, TrackerError> {
        let unknown = |reason: &str| TrackerError::Unknown {
            reason: reason.to_owned(),
        };
        let commit = upload.commit.clone();
        let size = upload.size;
        {
            let mut state = self.state();
            state.attaching += 1;
            state.attaching_max = state.attaching_max.max(state.attaching);
        }
        let content = collect(upload.bytes, usize::MAX).await;
        self.state().attaching -= 1;
        let content = content.map_err(|error| unknown(&error.reason))?;
        assert_eq!(content.len() as u64, size, "what was announced came");
        if let Some(Fault::Slow(after)) = fault {
            tokio::time::sleep(after).await;
        }
        commit.check()?;
        let Effect::AddAttachment {
            item, file, marker, ..
        } = effect
        else {
            panic!("{effect:?} is no file")
        };
        let mut copy = self.new_file("twinline", &file.name, &content);
        copy.marker = self.capabilities.attachments.marker.then(|| marker.clone());
        let (late, item, shown) = (self.clone(), item.clone(), copy.clone());
        let effect = effect.clone();
        let take = move || {
            late.state().writes.push(effect);
            late.put_file(&item, copy, content);
        };
        match fault {
            Some(Fault::LostRequest) => Err(unknown("the connection was cut")),
            Some(Fault::LostAnswer) => {
                take();
                Err(unknown("the connection was cut"))
            }
            Some(Fault::Late(delay)) => {
                tokio::spawn(async move {
                    tokio::time::sleep(delay).await;
                    take();
                });
                Err(unknown("the connection was cut"))
            }
            _ => {
                take();
                Ok(Applied {
                    attachment: Some(Box::new(shown)),
                    ..Applied::default()
                })
            }
        }
    }

    /// Whether a file's write is there.
    pub(super) fn file_there(&self, effect: &Effect, since: Timestamp) -> Recognised {
        let found = |attachment: Option<Attachment>| {
            Recognised::There(Box::new(Applied {
                attachment: attachment.map(Box::new),
                ..Applied::default()
            }))
        };
        match effect {
            Effect::AddAttachment {
                item, file, marker, ..
            } => {
                let mut files = self.item(item).attachments.unwrap_or_default();
                if self.capabilities.attachments.marker {
                    let ours = |found: &Attachment| found.marker.as_ref() == Some(marker);
                    let there = files.into_iter().find(ours);
                    return there.map_or(Recognised::NotThere, |file| found(Some(file)));
                }
                files.retain(|found| {
                    let same = found.name == file.name && found.size == file.size;
                    same && found.by() == "twinline" && found.created >= since
                });
                if files.is_empty() {
                    return Recognised::NotThere;
                }
                Recognised::Files(files)
            }
            Effect::DeleteAttachment { item, attachment } => {
                let files = self.item(item).attachments.unwrap_or_default();
                match files.iter().any(|file| file.id == *attachment) {
                    true => Recognised::NotThere,
                    false => found(None),
                }
            }
            other => panic!("{other:?} is about no file"),
        }
    }
}
