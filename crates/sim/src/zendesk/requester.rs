//! Who requests a ticket: somebody by id, or by the attribute `requester`, which makes a person whom nobody knows.
//!
//! Sources: developer.zendesk.com, "Creating and updating tickets" (a new requester is looked for by the address, and made of
//! it and a name); the sentences are those that users of the API report.

use super::Zendesk;
use super::failure::{Errors, Failure};
use super::site::{Role, User};
use serde_json::{Map, Value, json};

impl Zendesk {
    /// Does something with a ticket's attributes, in which a requester by address and name is somebody by id. Where that is
    /// refused, nobody has been made.
    pub(super) fn requested<T>(
        &mut self,
        attributes: &Map<String, Value>,
        act: impl FnOnce(&mut Self, &Map<String, Value>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let Some(requester) = attributes.get("requester") else {
            return act(self, attributes);
        };
        let before = self.site.users.len();
        let id = self.requester(requester)?;
        let mut attributes = attributes.clone();
        attributes.remove("requester");
        attributes.insert("requester_id".to_owned(), json!(id));
        let done = act(self, &attributes);
        if done.is_err() {
            self.site.users.truncate(before);
        }
        done
    }

    /// The person with this address, made where there is none.
    fn requester(&mut self, requester: &Value) -> Result<u64, Failure> {
        let text = |part: &str| {
            requester[part]
                .as_str()
                .unwrap_or_default()
                .trim()
                .to_owned()
        };
        let (name, email) = (text("name"), text("email"));
        let refuse = |sentence: String| Err(Failure::invalid("requester", &sentence));
        if email.is_empty() {
            return refuse("Requester: Email:  cannot be blank".to_owned());
        }
        let parts = email.split_once('@');
        if parts.is_none_or(|(local, host)| local.is_empty() || !host.contains('.')) {
            return refuse(format!(
                "Requester: Email:  {email} is not properly formatted"
            ));
        }
        let mut users = self.site.users.iter();
        let known = users.find(|user| !user.deleted && user.email.eq_ignore_ascii_case(&email));
        if let Some(known) = known {
            return Ok(known.id);
        }
        if name.is_empty() {
            return refuse("Requester: Name:  is too short (minimum one character)".to_owned());
        }
        let ids = self.site.users.iter().map(|user| user.id);
        let id = ids.max().unwrap_or(0) + 1;
        self.site.users.push(User {
            id,
            login: email.clone(),
            name,
            email,
            role: Role::EndUser,
            groups: Vec::new(),
            suspended: false,
            deleted: false,
        });
        Ok(id)
    }

    /// What is wrong with somebody as the requester of a ticket.
    pub(super) fn requester_errors(&self, id: u64, errors: &mut Errors) {
        match self.site.user(id).filter(|user| !user.deleted) {
            None => {
                let sentence = "Requester: cannot be blank".to_owned();
                errors.add("requester", sentence, "BlankValue");
            }
            Some(user) if user.suspended => {
                let sentence = format!("Requester: {} is suspended.", user.name);
                errors.add("requester", sentence, "UserSuspended");
            }
            Some(_) => {}
        }
    }
}
