//! The words in which cases are told.

/// A kind of field that a tracker may have beside title, text, status and assignee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Concept {
    /// A set of labels.
    Labels,
    /// The priority, by a value table.
    Priority,
    /// A line of text.
    Text,
    /// A long text beside the description.
    Rich,
    /// A number.
    Number,
    /// Yes or no.
    Bool,
    /// A day.
    Date,
    /// An instant.
    Time,
    /// A person beside the assignee.
    User,
    /// One option of a list, by a value table.
    Choice,
    /// Several options, by a value table.
    Choices,
    /// An option with a narrower one.
    Cascade,
}

impl Concept {
    /// All of them.
    pub(in crate::sim::matrix) const ALL: [Self; 12] = [
        Self::Labels,
        Self::Priority,
        Self::Text,
        Self::Rich,
        Self::Number,
        Self::Bool,
        Self::Date,
        Self::Time,
        Self::User,
        Self::Choice,
        Self::Choices,
        Self::Cascade,
    ];

    /// What a connector calls such a field's kind.
    pub(in crate::sim::matrix) const fn kind(self) -> &'static str {
        match self {
            Self::Labels => "set",
            Self::Priority | Self::Choice => "choice",
            Self::Text => "text",
            Self::Rich => "rich",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Date => "date",
            Self::Time => "time",
            Self::User => "user",
            Self::Choices => "choices",
            Self::Cascade => "cascade",
        }
    }

    /// What the rules call it.
    pub(in crate::sim::matrix) const fn name(self) -> &'static str {
        match self {
            Self::Labels => "labels",
            Self::Priority => "priority",
            Self::Text => "reference",
            Self::Rich => "steps",
            Self::Number => "amount",
            Self::Bool => "flag",
            Self::Date => "day",
            Self::Time => "instant",
            Self::User => "reviewer",
            Self::Choice => "severity",
            Self::Choices => "platforms",
            Self::Cascade => "area",
        }
    }

    /// What people call it.
    pub(in crate::sim::matrix) const fn label(self) -> &'static str {
        match self {
            Self::Labels => "labels",
            Self::Priority => "priority",
            Self::Text => "a field of a line of text",
            Self::Rich => "a field of formatted text",
            Self::Number => "a field of a number",
            Self::Bool => "a field of yes or no",
            Self::Date => "a field of a day",
            Self::Time => "a field of an instant",
            Self::User => "a field of a person",
            Self::Choice => "a field of one option",
            Self::Choices => "a field of several options",
            Self::Cascade => "a field of an option within an option",
        }
    }
}

/// How a person is found on the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// A row of the people table, in which the two are not called alike.
    Table,
    /// The same e-mail address.
    Email,
    /// Nobody is found: the fallback, which is `none` here.
    Fallback,
}

/// Where a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spot {
    /// In the description.
    Description,
    /// In a public comment.
    Comment,
}

/// Who reads a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// All who see the item.
    Public,
    /// The tracker's own team.
    Internal,
}

/// What becomes of a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Talk {
    /// It is written.
    Add,
    /// It is edited.
    Edit,
    /// It is deleted.
    Delete,
}

/// How large a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// Nothing is in it.
    Empty,
    /// 1 KiB.
    Small,
    /// 50 MiB, which is read while it is sent.
    Large,
}

impl Size {
    /// All of them.
    pub(in crate::sim::matrix) const ALL: [Self; 3] = [Self::Empty, Self::Small, Self::Large];

    /// In bytes.
    pub(in crate::sim::matrix) const fn bytes(self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Small => 1024,
            Self::Large => 50 * 1024 * 1024,
        }
    }
}

/// What becomes of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Course {
    /// Work begins.
    Begin,
    /// From new to done, over all that lies between.
    Close,
    /// From done back into work.
    Reopen,
}

/// What an item's deletion means for its twin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deleted {
    /// It stays.
    Unlink,
    /// It is closed.
    Close,
    /// It is deleted.
    Delete,
}

impl Deleted {
    /// All of them.
    pub(in crate::sim::matrix) const ALL: [Self; 3] = [Self::Unlink, Self::Close, Self::Delete];

    /// The policy's word.
    pub(in crate::sim::matrix) const fn word(self) -> &'static str {
        match self {
            Self::Unlink => "unlink",
            Self::Close => "close",
            Self::Delete => "delete",
        }
    }

    /// While which phase it is the policy in force.
    pub(in crate::sim::matrix) const fn phase(self) -> u8 {
        match self {
            Self::Unlink => 4,
            Self::Close => 5,
            Self::Delete => 6,
        }
    }
}

/// What a status means, in the words of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::sim::matrix) enum Word {
    New,
    Active,
    Done,
}

impl Word {
    pub(in crate::sim::matrix) const ALL: [Self; 3] = [Self::New, Self::Active, Self::Done];

    pub(in crate::sim::matrix) const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Active => "active",
            Self::Done => "done",
        }
    }
}
