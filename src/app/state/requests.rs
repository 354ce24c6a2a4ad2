//! Requests to the session: those to be sent, and those that wait for a reply.

use crate::{
    config::DataChoice,
    session::{Command, Request, RequestId},
};
use std::{collections::BTreeMap, mem::take};

/// Requests of the window to the session, numbered from 1.
#[derive(Debug, Default)]
pub struct Requests {
    last: u64,
    outgoing: Vec<Request>,
    waiting: BTreeMap<RequestId, Command>,
}

impl Requests {
    /// Queues a command.
    pub fn send(&mut self, command: Command) {
        self.last += 1;
        let id = RequestId(self.last);
        self.waiting.insert(id, command.clone());
        self.outgoing.push(Request { id, command });
    }

    /// Takes the queued requests. Of several requests to show a frame only the newest is kept.
    pub fn take(&mut self) -> Vec<Request> {
        let mut requests = take(&mut self.outgoing);
        let is_show = |request: &Request| matches!(request.command, Command::Show(_));
        let newest = requests.iter().rfind(|request| is_show(request)).map(|request| request.id);
        requests.retain(|request| {
            let is_kept = !is_show(request) || Some(request.id) == newest;
            if !is_kept {
                self.waiting.remove(&request.id);
            }
            is_kept
        });
        requests
    }

    /// Takes the command of a request that got its reply.
    pub fn take_replied(&mut self, id: RequestId) -> Option<Command> {
        self.waiting.remove(&id)
    }

    /// Text about the first thing that is being opened; `None` if nothing is.
    pub fn opening(&self) -> Option<String> {
        let name = self.waiting.values().find_map(|command| match command {
            Command::OpenData { data: DataChoice::Demo, .. } => Some("the built-in drive".to_owned()),
            Command::OpenData { data, .. } => Some(data.to_string()),
            Command::LoadWeights { path: None, .. } => Some("the demo weights".to_owned()),
            Command::LoadWeights { path: Some(path), .. } => Some(path.display().to_string()),
            Command::Resume { run, .. } => Some(run.display().to_string()),
            _ => None,
        })?;
        Some(format!("Opening {name} …"))
    }

    /// True if a run was requested and there is no reply yet.
    pub fn starts_run(&self) -> bool {
        self.waiting.values().any(|command| matches!(command, Command::Start { .. }))
    }
}
