//! Claude's questions in a turn: judged, asked, answered, withdrawn.

use tokio_util::task::AbortOnDropHandle;

use super::{
    super::{
        host::{PermissionAnswer, PermissionQuestion},
        permission::{self, Policy, Verdict},
        types::{Decision, TurnEvent},
    },
    Open, Turn, reads_only,
};
use crate::claude::{control, stream::ToolQuestion};

impl Turn<'_> {
    pub(super) async fn asked(&mut self, question: ToolQuestion) {
        match self.judge(&question) {
            Verdict::Allow => self.allow(&question).await,
            Verdict::Deny(reason) => {
                let request_id = question.request_id.clone();
                self.deny(&request_id, &question, &reason);
            }
            Verdict::Ask => self.ask(question),
        }
    }

    fn judge(&self, question: &ToolQuestion) -> Verdict {
        let setting = self.setting;
        let allowed = setting.allowed();
        let policy = Policy {
            mode: allowed.mode,
            power: setting.claude.power_permissions,
            user_tools: &setting.user_tools,
            session: &allowed.rules,
            root: &setting.root,
        };
        match policy.judge(&question.tool_name, &question.input) {
            Verdict::Deny(reason) => Verdict::Deny(reason),
            verdict => self.objection(question).map_or(verdict, Verdict::Deny),
        }
    }

    fn objection(&self, question: &ToolQuestion) -> Option<String> {
        let file =
            permission::written_file(&question.tool_name, &question.input, &self.setting.root)?;
        self.seen.objection(&file)
    }

    async fn allow(&mut self, question: &ToolQuestion) {
        // It may have changed while the user thought about it.
        if let Some(reason) = self.objection(question) {
            let request_id = question.request_id.clone();
            return self.deny(&request_id, question, &reason);
        }
        let (name, input) = (&question.tool_name, &question.input);
        if let Some(id) = &question.tool_use_id {
            self.seen.begins(id, name, input, &self.setting.root);
        }
        if !reads_only(name) {
            let file = permission::written_file(name, input, &self.setting.root);
            let tool = question.tool_use_id.as_deref().unwrap_or_default();
            self.specs.begins(tool, file).await;
        }
        self.seat
            .program
            .write(control::allow(&question.request_id, input));
    }

    fn deny(&self, request_id: &str, question: &ToolQuestion, reason: &str) {
        self.decided(
            request_id,
            question,
            Decision::Denied,
            Some(reason.to_owned()),
        );
        self.seat
            .program
            .write(control::deny(&question.request_id, reason));
    }

    fn decided(
        &self,
        request_id: &str,
        question: &ToolQuestion,
        decision: Decision,
        reason: Option<String>,
    ) {
        self.setting.outlet.send(TurnEvent::Permission {
            request_id: request_id.to_owned(),
            tool_name: question.tool_name.clone(),
            input: question.input.clone(),
            decision,
            reason,
        });
    }

    fn ask(&mut self, question: ToolQuestion) {
        let request_id = question.request_id.clone();
        self.decided(&request_id, &question, Decision::Asked, None);
        let asked = self.setting.host.ask(PermissionQuestion {
            session_id: self.setting.session_id.clone(),
            turn_id: self.setting.turn_id.clone(),
            request_id: request_id.clone(),
            tool_name: question.tool_name.clone(),
            input: question.input.clone(),
            description: question.description.clone(),
        });
        let (limit, answers, id) = (
            self.setting.claude.permission_timeout,
            self.answers.clone(),
            request_id.clone(),
        );
        let task = tokio::spawn(async move {
            let answer = tokio::time::timeout(limit, asked)
                .await
                .unwrap_or_else(|_| {
                    PermissionAnswer::Deny(format!(
                        "nobody answered within {} s",
                        limit.as_secs_f64()
                    ))
                });
            let _ = answers.send((id, answer));
        });
        self.open.insert(
            request_id,
            Open {
                question,
                task: AbortOnDropHandle::new(task),
            },
        );
        self.clock.pause();
    }

    pub(super) async fn answered(&mut self, request_id: &str, answer: PermissionAnswer) {
        let Some(Open { question, .. }) = self.open.remove(request_id) else {
            return;
        };
        match answer {
            PermissionAnswer::Deny(reason) => {
                let reason = if reason.trim().is_empty() {
                    "the user said no".to_owned()
                } else {
                    reason
                };
                self.deny(request_id, &question, &reason);
            }
            PermissionAnswer::AllowOnce => {
                self.decided(request_id, &question, Decision::Allowed, None);
                self.allow(&question).await;
            }
            PermissionAnswer::AllowForSession => {
                let rules = permission::session_rules(
                    &question.tool_name,
                    &question.input,
                    &question.suggested_rules,
                );
                self.setting.allowed().rules.extend(rules);
                self.decided(
                    request_id,
                    &question,
                    Decision::Allowed,
                    Some("for this session".into()),
                );
                self.allow(&question).await;
                self.settle_others().await;
            }
        }
        if self.open.is_empty() {
            self.clock.resume();
        }
    }

    /// Questions that a new rule answers need not be asked any more.
    async fn settle_others(&mut self) {
        let settled: Vec<String> = self
            .open
            .iter()
            .filter(|(_, open)| self.judge(&open.question) == Verdict::Allow)
            .map(|(id, _)| id.clone())
            .collect();
        for id in settled {
            if let Some(Open { question, task }) = self.open.remove(&id) {
                drop(task);
                self.decided(
                    &id,
                    &question,
                    Decision::Allowed,
                    Some("for this session".into()),
                );
                self.allow(&question).await;
            }
        }
    }

    pub(super) fn withdrawn(&mut self, request_id: &str) {
        if let Some(Open { question, task }) = self.open.remove(request_id) {
            drop(task);
            self.decided(
                request_id,
                &question,
                Decision::Denied,
                Some("Claude no longer asks".into()),
            );
        }
        if self.open.is_empty() {
            self.clock.resume();
        }
    }

    /// The turn is over: nobody waits for the answers any more.
    pub(super) fn withdraw_all(&mut self) {
        for (id, Open { question, task }) in std::mem::take(&mut self.open) {
            drop(task);
            self.decided(
                &id,
                &question,
                Decision::Denied,
                Some("the turn is over".into()),
            );
        }
    }
}
