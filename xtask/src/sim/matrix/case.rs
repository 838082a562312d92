//! What people do, case by case.

mod kinds;

pub(super) use kinds::{Audience, Concept, Course, Deleted, Finding, Size, Spot, Talk, Word};

use super::text::{Sample, edited};
use std::fmt;
use twinline_core::names::Side;
use twinline_core::richtext::Document;

/// Which way a case crosses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// From the left, where every item begins, to the right.
    Out,
    /// Back, from the twin to the item that it was made of.
    Back,
}

impl Way {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Out, Self::Back];

    /// Where people act.
    pub(super) const fn from(self) -> Side {
        match self {
            Self::Out => Side::Left,
            Self::Back => Side::Right,
        }
    }
}

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Case {
    /// A new item gets a twin.
    Create,
    /// The title is edited.
    Title,
    /// The description is edited.
    Description,
    /// A field is set, and set to something else.
    Field(Concept),
    /// A text of this form is written.
    Text(Spot, Sample),
    /// A comment.
    Comment(Audience, Talk),
    /// A file is attached.
    File(Size),
    /// A file is attached, and deleted.
    FileGone,
    /// The status.
    Status(Course),
    /// Somebody is assigned.
    Assignee(Finding),
    /// The item is deleted.
    Gone(Deleted),
    /// The item is moved out of its scope, and edited there.
    Move,
    /// Nobody does anything any more.
    Rest,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create => f.write_str("a new item"),
            Self::Title => f.write_str("title"),
            Self::Description => f.write_str("description"),
            Self::Field(concept) => f.write_str(concept.label()),
            Self::Text(Spot::Description, sample) => write!(f, "{sample} in the description"),
            Self::Text(Spot::Comment, sample) => write!(f, "{sample} in a comment"),
            Self::Comment(audience, talk) => {
                let audience = match audience {
                    Audience::Public => "a public",
                    Audience::Internal => "an internal",
                };
                f.write_str(match talk {
                    Talk::Add => "",
                    Talk::Edit => "edit of ",
                    Talk::Delete => "deletion of ",
                })?;
                write!(f, "{audience} comment")
            }
            Self::File(Size::Empty) => f.write_str("an empty file"),
            Self::File(Size::Small) => f.write_str("a file of 1 KiB"),
            Self::File(Size::Large) => f.write_str("a file of 50 MiB"),
            Self::FileGone => f.write_str("deletion of a file"),
            Self::Status(Course::Begin) => f.write_str("status: work begins"),
            Self::Status(Course::Close) => f.write_str("status: closed"),
            Self::Status(Course::Reopen) => f.write_str("status: reopened"),
            Self::Assignee(Finding::Table) => f.write_str("assignee by the people table"),
            Self::Assignee(Finding::Email) => f.write_str("assignee by e-mail address"),
            Self::Assignee(Finding::Fallback) => f.write_str("assignee whom the other side lacks"),
            Self::Gone(policy) => write!(f, "deletion, policy `{}`", policy.word()),
            Self::Move => f.write_str("move out of the scope, then an edit"),
            Self::Rest => f.write_str("nothing moves by itself afterwards"),
        }
    }
}

/// One thing that a person does.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    Title(String),
    Body(Document),
    /// Sets a field to the first or second of its values.
    Set(Concept, usize),
    /// Goes to a status, over all that lies between.
    Status(Word),
    Assign(Finding),
    Comment(Audience, Document),
    EditComment(Document),
    DeleteComment,
    Attach(Size),
    Detach,
    Delete,
    Move,
}

impl Case {
    /// All cases, in the order of the page.
    pub(super) fn all() -> Vec<Self> {
        let mut all = vec![Self::Create, Self::Title, Self::Description];
        for spot in [Spot::Description, Spot::Comment] {
            all.extend(Sample::ALL.map(|sample| Self::Text(spot, sample)));
        }
        all.extend(Concept::ALL.map(Self::Field));
        for audience in [Audience::Public, Audience::Internal] {
            let talks = [Talk::Add, Talk::Edit, Talk::Delete];
            all.extend(talks.map(|talk| Self::Comment(audience, talk)));
        }
        all.extend(Size::ALL.map(Self::File));
        all.push(Self::FileGone);
        all.extend([Course::Begin, Course::Close, Course::Reopen].map(Self::Status));
        all.extend([Finding::Table, Finding::Email, Finding::Fallback].map(Self::Assignee));
        all.extend(Deleted::ALL.map(Self::Gone));
        all.extend([Self::Move, Self::Rest]);
        all
    }

    /// Whether it is about texts alone: all that a variant of a tracker's notation takes part in.
    pub(super) const fn is_of_texts(self) -> bool {
        matches!(
            self,
            Self::Create
                | Self::Description
                | Self::Text(..)
                | Self::Comment(Audience::Public, Talk::Add | Talk::Edit)
                | Self::Rest
        )
    }

    /// Which ways it is tried: a new item has no twin yet that could give anything back, and rest has no direction.
    pub(super) fn ways(self) -> &'static [Way] {
        match self {
            Self::Create | Self::Rest => &[Way::Out],
            _ => &Way::BOTH,
        }
    }

    /// The text that its item begins with.
    pub(super) fn begins_with(self, way: Way) -> Option<Sample> {
        match (self, way) {
            (Self::Text(Spot::Description, sample), Way::Out) => Some(sample),
            _ => None,
        }
    }

    /// What a person does, by phase. It is judged at the end of the last one.
    pub(super) fn deeds(self, way: Way, number: usize) -> Vec<(u8, Deed)> {
        let said = |text: &str| Document::from_plain(&format!("C{number}: {text}"));
        match self {
            Self::Create | Self::Rest => Vec::new(),
            Self::Title => vec![(1, Deed::Title(format!("M{number}: another title")))],
            Self::Description => vec![(1, Deed::Body(edited()))],
            Self::Field(concept) => vec![(1, Deed::Set(concept, 0)), (2, Deed::Set(concept, 1))],
            Self::Text(Spot::Description, sample) => match way {
                Way::Out => Vec::new(),
                Way::Back => vec![(1, Deed::Body(sample.plain_form()))],
            },
            Self::Text(Spot::Comment, sample) => {
                let mut document = said("a text follows.");
                document.blocks.extend(sample.plain_form().blocks);
                vec![(1, Deed::Comment(Audience::Public, document))]
            }
            Self::Comment(audience, talk) => {
                let mut deeds = vec![(1, Deed::Comment(audience, said("as it was written.")))];
                match talk {
                    Talk::Add => {}
                    Talk::Edit => deeds.push((2, Deed::EditComment(said("as it was edited.")))),
                    Talk::Delete => deeds.push((2, Deed::DeleteComment)),
                }
                deeds
            }
            Self::File(size) => vec![(1, Deed::Attach(size))],
            Self::FileGone => vec![(1, Deed::Attach(Size::Small)), (2, Deed::Detach)],
            Self::Status(Course::Begin) => vec![(1, Deed::Status(Word::Active))],
            Self::Status(Course::Close) => vec![(1, Deed::Status(Word::Done))],
            Self::Status(Course::Reopen) => vec![
                (1, Deed::Status(Word::Done)),
                (2, Deed::Status(Word::Active)),
            ],
            // Somebody who is found goes before, so that the fallback has something to write.
            Self::Assignee(Finding::Fallback) => vec![
                (1, Deed::Assign(Finding::Table)),
                (2, Deed::Assign(Finding::Fallback)),
            ],
            Self::Assignee(finding) => vec![(1, Deed::Assign(finding))],
            Self::Gone(policy) => vec![(policy.phase(), Deed::Delete)],
            Self::Move => vec![
                (3, Deed::Move),
                (4, Deed::Title(format!("M{number}: edited elsewhere"))),
            ],
        }
    }
}
