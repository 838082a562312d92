//! What an instance is set up with: tables and their columns, people, groups, rules. Fixed while the simulator runs.

/// A ServiceNow instance.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// All tables, parents before their children.
    pub tables: Vec<Table>,
    /// Everybody with an account.
    pub people: Vec<Person>,
    /// The names of groups.
    pub groups: Vec<String>,
    /// The names of configuration items.
    pub configuration_items: Vec<String>,
    /// Switches of the simulator and of the instance's administration.
    pub switches: Switches,
}

/// What can be turned on and off.
#[derive(Clone, Debug, Default)]
pub struct Switches {
    /// The data policy that a resolved or closed incident has a resolution code and notes.
    pub closing_needs_reasons: bool,
    /// `glide.invalid_query.returns_no_rows`: a query that names an unknown field finds nothing, instead of ignoring it.
    pub invalid_query_returns_no_rows: bool,
    /// A rate limit rule for all users: requests an hour to each resource of the API, by method and table.
    pub requests_per_hour: Option<u64>,
    /// Tables that the API's account may not read at all: 403.
    pub forbidden_tables: Vec<String>,
    /// Tables of which the API's account sees no row: they are left out without a word.
    pub silent_tables: Vec<String>,
    /// Columns that the API's account may read and not write: what is sent for them is dropped without a word.
    pub unwritable: Vec<String>,
    /// The time zone of the API's account, in which times are displayed: hours east of UTC.
    pub display_offset_hours: i8,
}

/// An account.
#[derive(Clone, Debug)]
pub struct Person {
    /// `user_name`.
    pub login: String,
    /// The name shown.
    pub name: String,
    /// The address.
    pub email: String,
    /// False after the account was deactivated.
    pub active: bool,
    /// The password of Basic authentication; nobody can call the API as a person without one of both.
    pub password: Option<String>,
    /// An OAuth access token.
    pub token: Option<String>,
}

/// A table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Its name: `incident`.
    pub name: String,
    /// Its label: `Incident`.
    pub label: String,
    /// The table that it extends.
    pub parent: Option<String>,
    /// What its records' numbers begin with: `INC`.
    pub prefix: Option<String>,
    /// The values of `state` that end a record.
    pub close_states: Vec<String>,
    /// Whether changes are written to `sys_audit`, and deletions to `sys_audit_delete`.
    pub audited: bool,
    /// Its own columns, without those of the table that it extends.
    pub columns: Vec<Column>,
}

/// A column.
#[derive(Clone, Debug, Default)]
pub struct Column {
    /// Its name: `short_description`.
    pub name: String,
    /// Its label: `Short description`.
    pub label: String,
    /// Its `internal_type`: `string`, `reference`, `journal_input`.
    pub kind: String,
    /// The greatest length of a text.
    pub max_length: usize,
    /// The table that it refers to.
    pub reference: Option<String>,
    /// The values to choose from, with their labels.
    pub choices: Vec<(String, String)>,
    /// Whether the form demands it.
    pub mandatory: bool,
    /// Whether the dictionary says that it is read only.
    pub read_only: bool,
    /// Whether it shows for a record that is referred to.
    pub display: bool,
    /// The value of a new record.
    pub default: Option<String>,
}

impl Table {
    /// A table without columns.
    pub fn new(name: &str, label: &str) -> Self {
        Self {
            name: name.to_owned(),
            label: label.to_owned(),
            ..Self::default()
        }
    }

    /// Of records with numbers, below another table.
    #[must_use]
    pub fn extending(mut self, parent: &str, prefix: &str, close_states: &[&str]) -> Self {
        self.parent = Some(parent.to_owned());
        self.prefix = Some(prefix.to_owned());
        self.close_states = close_states
            .iter()
            .map(|state| (*state).to_owned())
            .collect();
        self.audited = true;
        self
    }

    /// With these columns.
    #[must_use]
    pub fn with(mut self, columns: impl IntoIterator<Item = Column>) -> Self {
        self.columns.extend(columns);
        self
    }
}

impl Column {
    /// A column of a type.
    pub fn new(name: &str, label: &str, kind: &str) -> Self {
        Self {
            name: name.to_owned(),
            label: label.to_owned(),
            kind: kind.to_owned(),
            max_length: 40,
            ..Self::default()
        }
    }

    /// A text of one line.
    pub fn string(name: &str, label: &str, max_length: usize) -> Self {
        Self {
            max_length,
            ..Self::new(name, label, "string")
        }
    }

    /// A reference to a record of another table.
    pub fn reference(name: &str, label: &str, table: &str) -> Self {
        Self {
            reference: Some(table.to_owned()),
            ..Self::new(name, label, "reference")
        }
    }

    /// Several records of another table; of none, plain texts.
    pub fn list(name: &str, label: &str, table: Option<&str>) -> Self {
        Self {
            reference: table.map(str::to_owned),
            max_length: 4000,
            ..Self::new(name, label, "glide_list")
        }
    }

    /// With values to choose from.
    #[must_use]
    pub fn choices(mut self, choices: &[(&str, &str)]) -> Self {
        let owned = |(value, label): &(&str, &str)| ((*value).to_owned(), (*label).to_owned());
        self.choices = choices.iter().map(owned).collect();
        self
    }

    /// With the value of a new record.
    #[must_use]
    pub fn starting_as(mut self, value: &str) -> Self {
        self.default = Some(value.to_owned());
        self
    }

    /// What shows for a record.
    #[must_use]
    pub const fn display(mut self) -> Self {
        self.display = true;
        self
    }

    /// Which nobody writes.
    #[must_use]
    pub const fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// Whether it takes entries of a journal.
    pub fn is_journal(&self) -> bool {
        matches!(self.kind.as_str(), "journal" | "journal_input")
    }
}

impl Site {
    /// A table by name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// A table, the one that it extends, and so on.
    pub(super) fn lineage(&self, name: &str) -> Vec<&Table> {
        let mut lineage = Vec::new();
        let mut next = self.table(name);
        while let Some(table) = next {
            lineage.push(table);
            next = table
                .parent
                .as_deref()
                .and_then(|parent| self.table(parent));
        }
        lineage
    }

    /// Whether a table is another or extends it.
    pub(super) fn is_a(&self, name: &str, other: &str) -> bool {
        self.lineage(name).iter().any(|table| table.name == other)
    }

    /// A table's column, its own before one that it inherits.
    pub(super) fn column(&self, table: &str, name: &str) -> Option<&Column> {
        let mut columns = self
            .lineage(table)
            .into_iter()
            .flat_map(|table| &table.columns);
        columns.find(|column| column.name == name)
    }

    /// All columns of a table, each once.
    pub(super) fn columns(&self, table: &str) -> Vec<&Column> {
        let mut columns: Vec<&Column> = Vec::new();
        for column in self
            .lineage(table)
            .into_iter()
            .flat_map(|table| &table.columns)
        {
            if !columns.iter().any(|known| known.name == column.name) {
                columns.push(column);
            }
        }
        columns
    }

    /// The column that shows for a record of a table.
    pub(super) fn display_column(&self, table: &str) -> Option<&Column> {
        self.columns(table)
            .into_iter()
            .find(|column| column.display)
    }

    /// A person by login.
    pub(super) fn person(&self, login: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.login == login)
    }
}
