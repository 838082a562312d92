//! What is wished of a group that a host owns.

/// What a group is in a join with another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It goes on, with what it is to take in.
    Stays,
    /// It ends for good, as soon as its state is whole in the replica.
    Leaves,
    /// Its nodes are the other group's: nobody works on it any more.
    Gone,
}

/// What is wished of a group at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// It goes on.
    Work,
    /// It ends, and begins anew if it is still owned.
    End,
    /// It ends and is given away, as soon as somebody could go on with it.
    GiveAway,
    /// It ends for good, as soon as the group that it is joined to could go on with its state.
    Leave,
}

/// What there is to know of an owned group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What joins ask of it.
    pub part: Part,
    /// Whether it was begun with other nodes than it has now: those that it has got may come with the state of a group that
    /// was joined to it.
    pub has_other_members: bool,
    /// Whether it is to go to another host: this one drains, or a person has chosen another.
    pub is_to_go: bool,
    /// Whether its permit is over: it was begun to be given away.
    pub is_over: bool,
}

impl Wish {
    /// What is wished of a group.
    ///
    /// One that has other nodes begins anew with them before anything else becomes of it but what was begun already: only
    /// then does it take in what was joined to it. To close it before that would lose that state.
    pub const fn of(asked: Asked) -> Self {
        match asked.part {
            _ if asked.is_over => Self::GiveAway,
            Part::Gone => Self::End,
            _ if asked.has_other_members => Self::End,
            Part::Leaves => Self::Leave,
            Part::Stays if asked.is_to_go => Self::GiveAway,
            Part::Stays => Self::Work,
        }
    }

    /// Whether the group works until something else is so.
    pub const fn goes_on(self) -> bool {
        matches!(self, Self::Work | Self::Leave)
    }
}
