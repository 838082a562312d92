//! The web page of a simulator: its items, and forms to edit them as a person. Works without scripts.

use super::control::status_of;
use crate::call::{self, Call};
use crate::command::{Command, Done, Refused};
use crate::dump::{DumpComment, DumpItem};
use crate::faulty::Faulty;
use crate::seeds;
use bytes::Bytes;
use http::{Response, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use twinline_core::time::Timestamp;

/// Items on the list page, the last changed first.
const LISTED: usize = 200;
const STYLE: &str = include_str!("page.css");

pub(super) fn list(tracker: &mut Faulty, now: Timestamp) -> Response<Bytes> {
    let mut dump = tracker.dump(now);
    dump.items.retain(|item| !item.deleted);
    dump.items.sort_by(|a, b| b.updated.cmp(&a.updated));
    let mut body = format!(
        "<h1>{} <small>simulated, {} items</small></h1><ul class=items>",
        escape(&dump.tracker),
        dump.items.len()
    );
    for item in dump.items.iter().take(LISTED) {
        push(
            &mut body,
            format_args!(
                "<li><a href='{}'><b>{}</b> {}</a><p><span class=status>{}</span>{} <time>{}</time></p></li>",
                address(&item.key),
                escape(&item.key),
                escape(&item.title),
                escape(&item.status),
                labels(item),
                escape(&item.updated)
            ),
        );
    }
    push(
        &mut body,
        format_args!(
            "</ul><h2>New item</h2><form method=post action='/_sim/items'>{}\
         <label>Title<input name=title required></label>\
         <label>Text<textarea name=body rows=5></textarea></label><button>Create</button></form>",
            people()
        ),
    );
    html(StatusCode::OK, &dump.tracker, &body)
}

pub(super) fn item(tracker: &mut Faulty, now: Timestamp, call: &Call<'_>) -> Response<Bytes> {
    let key = call.param("key").unwrap_or_default();
    let dump = tracker.dump(now);
    let Some(item) = dump.item(key).filter(|item| !item.deleted) else {
        return sentence(&Refused::unknown("item", key));
    };
    let mut body = format!(
        "<p><a href='/_sim/'>All items</a></p><h1><small>{}</small> {}</h1>\
         <form method=post action='{}'><input type=hidden name=act value=edit>{}\
         <label>Title<input name=title value='{}'></label>{}\
         <label>Labels, separated by commas<input name=labels value='{}'></label>\
         <label>Assignees, separated by commas<input name=assignees value='{}'></label>\
         <label>Text<textarea name=body rows=12>\n{}</textarea></label><button>Save</button></form>",
        escape(key),
        escape(&item.title),
        address(key),
        people(),
        escape(&item.title),
        statuses(&tracker.simulator().statuses(), &item.status),
        escape(&item.labels.join(", ")),
        escape(&item.assignees.join(", ")),
        escape(&item.body),
    );
    for (name, value) in &item.fields {
        push(
            &mut body,
            format_args!(
                "<p>{}: <code>{}</code></p>",
                escape(name),
                escape(&value.to_string())
            ),
        );
    }
    body.push_str("<h2>Comments</h2>");
    for comment in &item.comments {
        push_comment(&mut body, key, comment);
    }
    push(
        &mut body,
        format_args!(
            "<form method=post action='{0}'><input type=hidden name=act value=comment>{1}\
         <label>New comment<textarea name=body rows=4 required></textarea></label><button>Comment</button></form>\
         <form method=post action='{0}'><input type=hidden name=act value=delete>{1}<button>Delete item</button></form>",
            address(key),
            people()
        ),
    );
    html(StatusCode::OK, key, &body)
}

fn push_comment(body: &mut String, key: &str, comment: &DumpComment) {
    push(
        body,
        format_args!(
            "<article><p><b>{}</b> <time>{}</time> <span class=label>{}</span></p>\
         <form method=post action='{}'><input type=hidden name=by value='{}'>\
         <input type=hidden name=comment value='{}'>\
         <textarea name=body rows=4 aria-label=Comment>\n{}</textarea>\
         <button name=act value=edit-comment>Save</button> <button name=act value=delete-comment>Delete</button>\
         </form></article>",
            escape(&comment.author),
            escape(&comment.created),
            escape(&comment.channel),
            address(key),
            escape(&comment.author),
            escape(&comment.id),
            escape(&comment.body)
        ),
    );
}

pub(super) fn create(tracker: &mut Faulty, now: Timestamp, call: &Call<'_>) -> Response<Bytes> {
    let form = form(call);
    let command = Command::Create {
        container: None,
        by: field(&form, "by"),
        title: field(&form, "title"),
        body: field(&form, "body"),
        labels: Vec::new(),
        assignees: Vec::new(),
    };
    match tracker.command(now, command) {
        Ok(Done::Item(key)) => see_other(&address(&key)),
        Ok(_) => see_other("/_sim/"),
        Err(refused) => sentence(&refused),
    }
}

pub(super) fn act(tracker: &mut Faulty, now: Timestamp, call: &Call<'_>) -> Response<Bytes> {
    let key = call.param("key").unwrap_or_default().to_owned();
    let form = form(call);
    let (by, body, comment) = (
        field(&form, "by"),
        field(&form, "body"),
        field(&form, "comment"),
    );
    let (target, commands) = match form.get("act").map(String::as_str) {
        Some("comment") => (address(&key), vec![Command::comment(&key, &by, &body)]),
        Some("edit-comment") => {
            let edit = Command::EditComment {
                key: key.clone(),
                by,
                comment,
                body,
            };
            (address(&key), vec![edit])
        }
        Some("delete-comment") => (
            address(&key),
            vec![Command::DeleteComment {
                key: key.clone(),
                by,
                comment,
            }],
        ),
        Some("delete") => ("/_sim/".to_owned(), vec![Command::Delete { key, by }]),
        _ => match edits(tracker, now, &key, &form) {
            Ok(commands) => (address(&key), commands),
            Err(refused) => return sentence(&refused),
        },
    };
    for command in commands {
        if let Err(refused) = tracker.command(now, command) {
            return sentence(&refused);
        }
    }
    see_other(&target)
}

/// One command for each field that the form changes: what a visitor left alone is not written.
fn edits(
    tracker: &mut Faulty,
    now: Timestamp,
    key: &str,
    form: &BTreeMap<String, String>,
) -> Result<Vec<Command>, Refused> {
    let dump = tracker.dump(now);
    let item = dump
        .item(key)
        .ok_or_else(|| Refused::unknown("item", key))?;
    let by = field(form, "by");
    let mut changes = Vec::new();
    let texts = [
        ("title", &item.title),
        ("body", &item.body),
        ("status", &item.status),
    ];
    for (name, old) in texts {
        // Browsers send line ends as CR LF, whatever the text had.
        if let Some(new) = form.get(name).filter(|new| !same_text(new, old)) {
            changes.push(Command::edit(
                key,
                &by,
                name,
                json!(new.replace("\r\n", "\n")),
            ));
        }
    }
    for (name, old) in [("labels", &item.labels), ("assignees", &item.assignees)] {
        let Some(text) = form.get(name) else { continue };
        let mut new: Vec<String> = split(text);
        new.sort();
        if new != *old {
            changes.push(Command::edit(key, &by, name, Value::from(new)));
        }
    }
    Ok(changes)
}

fn same_text(a: &str, b: &str) -> bool {
    a.replace("\r\n", "\n") == b.replace("\r\n", "\n")
}

fn split(text: &str) -> Vec<String> {
    let parts = text.split(',').map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

fn form(call: &Call<'_>) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(call.body())
        .into_owned()
        .collect()
}

fn field(form: &BTreeMap<String, String>, name: &str) -> String {
    form.get(name).cloned().unwrap_or_default()
}

fn people() -> String {
    let mut text = "<label>As<select name=by>".to_owned();
    for person in seeds::PEOPLE
        .iter()
        .filter(|person| person.login != seeds::ROBOT)
    {
        push(
            &mut text,
            format_args!(
                "<option value='{}'>{}</option>",
                person.login,
                escape(person.name)
            ),
        );
    }
    text + "</select></label>"
}

fn statuses(all: &[String], now: &str) -> String {
    if all.is_empty() {
        return format!(
            "<label>Status<input name=status value='{}'></label>",
            escape(now)
        );
    }
    let mut text = "<label>Status<select name=status>".to_owned();
    for status in all {
        let chosen = if status == now { " selected" } else { "" };
        push(
            &mut text,
            format_args!("<option{chosen}>{}</option>", escape(status)),
        );
    }
    text + "</select></label>"
}

fn labels(item: &DumpItem) -> String {
    let each = item.labels.iter();
    each.map(|label| format!(" <span class=label>{}</span>", escape(label)))
        .collect()
}

fn address(key: &str) -> String {
    format!(
        "/_sim/item?key={}",
        utf8_percent_encode(key, NON_ALPHANUMERIC)
    )
}

fn sentence(refused: &Refused) -> Response<Bytes> {
    let body = format!(
        "<h1>Not done</h1><p>{}</p><p><a href='/_sim/'>All items</a></p>",
        escape(&refused.to_string())
    );
    html(status_of(refused), "Not done", &body)
}

fn see_other(target: &str) -> Response<Bytes> {
    let mut response = call::empty(StatusCode::SEE_OTHER);
    call::set(&mut response, "location", target);
    response
}

fn html(status: StatusCode, title: &str, body: &str) -> Response<Bytes> {
    let page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8>\
         <meta name=viewport content='width=device-width, initial-scale=1'>\
         <title>{}</title><style>{STYLE}</style><main>{body}</main></html>",
        escape(title)
    );
    let mut response = Response::new(Bytes::from(page));
    *response.status_mut() = status;
    call::set(&mut response, "content-type", "text/html; charset=utf-8");
    call::set(
        &mut response,
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    );
    response
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments)
        .expect("writing to a String does not fail");
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
