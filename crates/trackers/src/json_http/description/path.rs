//! Places in JSON, and texts with slots.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

/// The keys that lead to a value: `fields.state.id`. A number is a place in a list. Empty: the value itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(in crate::json_http) struct Path(Vec<String>);

/// The deepest path.
const DEPTH_MAX: usize = 16;

impl TryFrom<String> for Path {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let keys: Vec<String> = text.split('.').map(str::to_owned).collect();
        if keys.iter().any(String::is_empty) || keys.len() > DEPTH_MAX {
            return Err(format!(
                "'{text}' is no path: write keys with dots between them, such as fields.state.id, {DEPTH_MAX} at most"
            ));
        }
        Ok(Self(keys))
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

impl Path {
    /// The value at the path; `None` where a key on the way is absent.
    pub(in crate::json_http) fn of<'a>(&self, json: &'a Json) -> Option<&'a Json> {
        let mut keys = self.0.iter();
        keys.try_fold(json, |json, key| match json {
            Json::Object(object) => object.get(key),
            Json::Array(list) => list.get(key.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// The value at the path as a text; `None` for anything but a text that is not empty, or a number.
    pub(in crate::json_http) fn text(&self, json: &Json) -> Option<String> {
        plain(self.of(json)?)
    }

    /// Puts a value at the path. What lies on the way and is no object becomes one.
    pub(in crate::json_http) fn put(&self, json: &mut Json, value: Json) {
        let mut place = json;
        for key in &self.0 {
            if !place.is_object() {
                *place = Json::Object(Map::new());
            }
            let Json::Object(object) = place else {
                return;
            };
            place = object.entry(key.clone()).or_insert(Json::Null);
        }
        *place = value;
    }

    /// Takes what is at the path away.
    pub(in crate::json_http) fn remove(&self, json: &mut Json) {
        let Some((last, way)) = self.0.split_last() else {
            return;
        };
        let mut place = json;
        for key in way {
            let Some(next) = place.get_mut(key) else {
                return;
            };
            place = next;
        }
        if let Json::Object(object) = place {
            object.remove(last);
        }
    }

    /// Whether it is the value itself.
    pub(in crate::json_http) const fn is_whole(&self) -> bool {
        self.0.is_empty()
    }
}

/// A scalar as a text; `None` for an empty one, and for what is no scalar.
pub(in crate::json_http) fn plain(json: &Json) -> Option<String> {
    match json {
        Json::String(text) if !text.is_empty() => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(yes) => Some(yes.to_string()),
        _ => None,
    }
}
