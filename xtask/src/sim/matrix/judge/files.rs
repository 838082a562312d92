//! Files.

use super::{Scene, Verdict};
use twinline_sim::{DumpAttachment, DumpItem};

/// How the product says that a comment stands in a file's place.
const LINKED: &str = "; a link was written";

impl Scene<'_> {
    /// A file lies on the other side once, byte for byte.
    pub(super) fn file(&self, there: &DumpItem) -> Verdict {
        let id = self.running.file.as_deref();
        let here = self.item(self.from);
        let mut files = here.iter().flat_map(|item| &item.attachments);
        let Some(original) = files.find(|file| Some(file.id.as_str()) == id) else {
            return Verdict::Failed(format!("{} does not show {id:?}", self.label(self.from)));
        };
        match self.copies(there).as_slice() {
            [copy] if (copy.size, &copy.digest) == (original.size, &original.digest) => {
                Verdict::Crosses
            }
            [] => self.instead_of_file(there),
            copies => Verdict::Failed(format!("{copies:?} instead of {original:?}")),
        }
    }

    fn copies<'a>(&self, there: &'a DumpItem) -> Vec<&'a DumpAttachment> {
        let name = self.running.file_name();
        let files = there.attachments.iter();
        files.filter(|file| file.name == name).collect()
    }

    /// Whether a comment names the file.
    fn is_named(&self, there: &DumpItem) -> bool {
        let name = self.running.file_name();
        let mut comments = there.comments.iter();
        comments.any(|comment| comment.body.contains(&name))
    }

    /// There is no copy: the product's reason, and the link that it says it has written.
    fn instead_of_file(&self, there: &DumpItem) -> Verdict {
        let Some(reason) = self.said.files.first() else {
            return Verdict::Failed(format!("no copy; the product says: {}", self.said));
        };
        match reason.strip_suffix(LINKED) {
            Some(reason) if self.is_named(there) => {
                Verdict::Degrades(format!("a comment with a link: {reason}"))
            }
            Some(_) => {
                Verdict::Failed("the link that the product tells of is not there".to_owned())
            }
            None => Verdict::Degrades(format!("not copied: {reason}")),
        }
    }

    /// A deleted file takes its copy along, or the link in its place. That a link was written says nothing of its end.
    pub(super) fn file_gone(&self, there: &DumpItem) -> Verdict {
        let copies = self.copies(there);
        if copies.is_empty() && !self.is_named(there) {
            return Verdict::Crosses;
        }
        let mut reasons = self.said.files.iter();
        match reasons.find(|reason| !reason.ends_with(LINKED)) {
            Some(reason) if copies.is_empty() => Verdict::Degrades(reason.clone()),
            Some(reason) => Verdict::Degrades(format!("its copy stays: {reason}")),
            None => Verdict::Failed(format!(
                "what stands for it is there; the product says: {}",
                self.said
            )),
        }
    }
}
