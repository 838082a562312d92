//! QuickJS: loading a program, running a call, and saying where it failed.

use super::repeat;
use super::wire::{Failure, Limits, Program};
use crate::rich;
use rquickjs::context::intrinsic;
use rquickjs::{
    CatchResultExt, CaughtError, Context, Ctx, Function, Module, Object, Persistent, Runtime,
};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;
use twinline_core::richtext::Document;

const PRELUDE: &str = include_str!("prelude.js");

/// How many programs are kept ready. A program costs some 0.5 MiB.
const PROGRAMS_MAX: usize = 32;

/// How deep the interpreter's stack may grow, in bytes; below a test thread's 2 MiB.
const STACK_MAX_BYTES: usize = 640 << 10;

type Intrinsics = (
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::Proxy,
    intrinsic::MapSet,
    intrinsic::WeakRef,
    intrinsic::Promise,
);

/// A failure, and whether the program must be loaded afresh since a limit ended it at an arbitrary point.
pub(crate) struct Fault {
    pub(crate) failure: Failure,
    pub(crate) spoilt: bool,
}

/// The programs that are ready, the most recently used last.
#[derive(Default)]
pub(crate) struct Engine {
    loaded: Vec<Loaded>,
}

/// One program in its own runtime. The fields are dropped in this order: a function before its context.
struct Loaded {
    id: String,
    file: String,
    /// The program, where its script can be evaluated only once in a context: then each call needs a new one.
    once: Option<Program>,
    /// How many columns stand before the script's own text on its first line.
    indent: u32,
    start: Persistent<Function<'static>>,
    steps: Rc<Cell<u32>>,
    context: Context,
}

impl Engine {
    /// Whether a program is ready.
    pub(crate) fn holds(&self, id: &str) -> bool {
        self.loaded.iter().any(|loaded| loaded.id == id)
    }

    /// Makes a program ready; the least recently used one goes when there are too many.
    pub(crate) fn load(&mut self, program: &Program, limits: &Limits) -> Result<(), Failure> {
        if self.holds(program.id()) {
            return Ok(());
        }
        if self.loaded.len() >= PROGRAMS_MAX {
            self.loaded.remove(0);
        }
        self.loaded.push(Loaded::new(program, limits)?);
        Ok(())
    }

    /// Runs a call, given as JSON, on a program that is ready; the answer is JSON.
    pub(crate) fn call(&mut self, id: &str, call: &str, limits: &Limits) -> Result<String, Fault> {
        let at = self
            .loaded
            .iter()
            .position(|loaded| loaded.id == id)
            .expect("the caller has loaded the program");
        let loaded = self.loaded.remove(at);
        let answer = loaded.call(call, limits);
        match loaded.once.as_ref() {
            _ if matches!(&answer, Err(fault) if fault.spoilt) => {}
            None => self.loaded.push(loaded),
            // It was loaded before, so it loads again; where memory fails it, the caller finds it gone and says so.
            Some(program) => self.loaded.extend(Loaded::new(program, limits)),
        }
        answer
    }
}

impl Loaded {
    fn new(program: &Program, limits: &Limits) -> Result<Self, Failure> {
        let file = program.file().to_owned();
        let broken = |error: rquickjs::Error| plain_failure(&file, error.to_string());
        let runtime = Runtime::new().map_err(broken)?;
        runtime.set_memory_limit((limits.memory_mib as usize) << 20);
        runtime.set_max_stack_size(STACK_MAX_BYTES);
        let steps = Rc::new(Cell::new(limits.steps_10k));
        let left = Rc::clone(&steps);
        runtime.set_interrupt_handler(Some(Box::new(move || {
            left.set(left.get().saturating_sub(1));
            left.get() == 0
        })));
        let context = Context::custom::<Intrinsics>(&runtime).map_err(broken)?;
        let (start, repeats, indent) = context.with(|ctx| {
            let made = make(&ctx, program);
            let (start, repeats, indent) = made
                .catch(&ctx)
                .map_err(|error| fault(&file, &error, limits).failure)?;
            Ok((Persistent::save(&ctx, start), repeats, indent))
        })?;
        let (start, context) = with_when(program, start, context, limits)?;
        Ok(Self {
            id: program.id().to_owned(),
            file,
            once: (!repeats).then(|| program.clone()),
            indent,
            start,
            steps,
            context,
        })
    }

    fn call(&self, call: &str, limits: &Limits) -> Result<String, Fault> {
        self.steps.set(limits.steps_10k);
        let answer = self.context.with(|ctx| {
            let run = self.start.clone().restore(&ctx);
            let answer = run.and_then(|run| run.call::<_, String>((call,)));
            answer
                .catch(&ctx)
                .map_err(|error| self.indented(fault(&self.file, &error, limits)))
        })?;
        if answer.len() > limits.output_max_bytes {
            let reason = format!(
                "the script's answer is over {} bytes",
                limits.output_max_bytes
            );
            return Err(Fault {
                failure: plain_failure(&self.file, reason),
                spoilt: false,
            });
        }
        Ok(answer)
    }
}

impl Loaded {
    /// The fault with its place in the script's own text; a rejection tells it itself.
    fn indented(&self, mut fault: Fault) -> Fault {
        if fault.failure.line == Some(1) && !fault.failure.rejected {
            let column = fault.failure.column;
            fault.failure.column = column.map(|column| column.saturating_sub(self.indent));
        }
        fault
    }
}

/// Evaluates prelude and script; gives the function that takes the `when` function and gives the one to call, whether
/// each call evaluates the script afresh, and how many columns stand before the script's own text on its first line.
fn make<'js>(ctx: &Ctx<'js>, program: &Program) -> rquickjs::Result<(Function<'js>, bool, u32)> {
    let host = Object::new(ctx.clone())?;
    host.set(
        "plain",
        Function::new(ctx.clone(), |text: String| {
            rich::from_markdown(&text).plain()
        })?,
    )?;
    host.set(
        "escape",
        Function::new(ctx.clone(), |text: String| {
            rich::to_markdown(&Document::from_plain(&text))
        })?,
    )?;
    let prelude: Function<'js> = named_eval(ctx, "<rules>", PRELUDE)?;
    let json = serde_json::to_string(program).expect("a program is JSON");
    let parts: Object<'js> = prelude.call((ctx.json_parse(json)?, host))?;
    parts.get::<_, Function<'js>>("lock")?.call::<_, ()>(())?;
    let mut repeats = true;
    let exports: Function<'js> = match &program.script {
        Some((name, text)) => {
            let module = Module::declare(ctx.clone(), name.as_str(), text.as_str())?;
            let (module, evaluated) = module.eval()?;
            evaluated.finish::<()>()?;
            let namespace = module.namespace()?;
            let names = namespace
                .keys()
                .collect::<rquickjs::Result<BTreeSet<String>>>()?;
            let factory = repeat::factory(text, &names);
            match factory.and_then(|source| named_eval(ctx, name, &source).catch(ctx).ok()) {
                Some(factory) => factory,
                None => {
                    repeats = false;
                    let constant: Function<'js> =
                        named_eval(ctx, "<rules>", "value => () => value")?;
                    constant.call((namespace,))?
                }
            }
        }
        None => named_eval(ctx, "<rules>", "() => ({})")?,
    };
    let start: Function<'js> = parts.get("start")?;
    let bind: Function<'js> = named_eval(
        ctx,
        "<rules>",
        "(start, exports, indent) => when => start(exports, when, indent)",
    )?;
    let indent = if repeats && program.script.is_some() {
        repeat::BEFORE
    } else {
        0
    };
    Ok((bind.call((start, exports, indent))?, repeats, indent))
}

/// Compiles the `when` expression, whose errors have their own file and place.
fn with_when(
    program: &Program,
    start: Persistent<Function<'static>>,
    context: Context,
    limits: &Limits,
) -> Result<(Persistent<Function<'static>>, Context), Failure> {
    let (expression, file) = match &program.when {
        Some((expression, file, _)) => (expression.as_str(), file.as_str()),
        None => ("true", ""),
    };
    let bound = context.with(|ctx| {
        let source = format!("\"use strict\"; (issue => (\n{expression}\n))");
        let compiled = named_eval::<Function<'_>>(&ctx, file, &source);
        let bound = compiled.and_then(|when| start.restore(&ctx)?.call::<_, Function<'_>>((when,)));
        let bound = bound.catch(&ctx).map_err(|error| {
            let mut failure = fault(file, &error, limits).failure;
            if let Some((_, _, spot)) = &program.when {
                failure.line = Some(spot.line);
                failure.column = Some(spot.column);
            }
            failure
        })?;
        Ok(Persistent::save(&ctx, bound))
    })?;
    Ok((bound, context))
}

fn named_eval<'js, V: rquickjs::FromJs<'js>>(
    ctx: &Ctx<'js>,
    file: &str,
    source: &str,
) -> rquickjs::Result<V> {
    let mut options = rquickjs::context::EvalOptions::default();
    options.filename = Some(file.to_owned());
    ctx.eval_with_options(source, options)
}

fn plain_failure(file: &str, reason: String) -> Failure {
    Failure {
        file: file.to_owned(),
        line: None,
        column: None,
        reason,
        rejected: false,
    }
}

/// Says what happened and where.
fn fault(file: &str, error: &CaughtError<'_>, limits: &Limits) -> Fault {
    let mut failure = plain_failure(file, String::new());
    let mut spoilt = false;
    match error {
        CaughtError::Exception(exception) => {
            let message = exception.message().unwrap_or_default();
            let name: String = exception.get("name").unwrap_or_default();
            (failure.line, failure.column) = place(&exception.stack().unwrap_or_default(), file);
            failure.rejected =
                exception.get::<_, Option<bool>>("rejected").ok().flatten() == Some(true);
            if failure.rejected {
                let at = |name: &str| exception.get::<_, Option<u32>>(name).ok().flatten();
                (failure.line, failure.column) = (at("line"), at("column"));
                failure.reason = message;
            } else if let Some(limit) = limit(&name, &message, limits) {
                spoilt = true;
                failure.reason = limit;
            } else {
                failure.reason = format!("{name}: {message}");
            }
        }
        CaughtError::Value(value) if value.is_null() => {
            spoilt = true;
            failure.reason = format!(
                "the script needs more than {} MiB of memory",
                limits.memory_mib
            );
        }
        CaughtError::Value(value) => {
            let text = value.as_string().and_then(|text| text.to_string().ok());
            failure.reason = format!(
                "the script threw {}",
                text.unwrap_or_else(|| value.type_name().to_owned())
            );
        }
        CaughtError::Error(rquickjs::Error::WouldBlock) => {
            spoilt = true;
            failure.reason =
                "the script awaits at its top level; a rule has no async and no await".to_owned();
        }
        CaughtError::Error(error) => failure.reason = error.to_string(),
    }
    Fault { failure, spoilt }
}

/// The limit that an exception of the interpreter itself means.
fn limit(name: &str, message: &str, limits: &Limits) -> Option<String> {
    match (name, message) {
        ("InternalError", "interrupted") => Some(format!(
            "the script took more than {} steps",
            u64::from(limits.steps_10k) * 10_000
        )),
        ("InternalError", "out of memory") => Some(format!(
            "the script needs more than {} MiB of memory",
            limits.memory_mib
        )),
        ("InternalError" | "RangeError", text) if text.contains("stack") => Some(format!(
            "the script calls itself too deep: its stack is over {} KiB",
            STACK_MAX_BYTES >> 10
        )),
        _ => None,
    }
}

/// The innermost place in the file that a stack names.
fn place(stack: &str, file: &str) -> (Option<u32>, Option<u32>) {
    let marked = format!("{file}:");
    let found = stack.lines().find_map(|frame| {
        let rest = &frame[frame.find(&marked)? + marked.len()..];
        let mut numbers = rest.split(|c: char| !c.is_ascii_digit());
        let line = numbers.next()?.parse().ok()?;
        Some((line, numbers.next().and_then(|column| column.parse().ok())))
    });
    found.map_or((None, None), |(line, column)| (Some(line), column))
}
