//! Whose change it is: what Claude's tools claim, and what becomes of what is somebody else's.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

use super::{
    Look,
    content::{Content, Spec, real},
};
use crate::{
    session::host::{Author, SpecChange},
    study::Stamp,
};

/// How long somebody else's change waits before it is brought: by then the editor has reloaded it, has said that it was a
/// save, or another turn has brought it as its own.
const OTHERS_PAUSE: Duration = Duration::from_millis(300);

/// How long a file may be half written.
pub(super) const FINISHED: Duration = Duration::from_millis(500);

impl Look {
    pub(super) async fn begun(
        &mut self,
        tool: &str,
        file: Option<PathBuf>,
        stamps: &[(PathBuf, Option<Stamp>)],
    ) {
        for (path, stamp_then) in stamps {
            let Some(spec) = self.specs.get_mut(&real(path)) else {
                continue;
            };
            // Noticed before we heard of the tool, and yet its doing: the file was not so just before it began.
            if *stamp_then != spec.stamp {
                spec.reconsider();
            }
            let untouched = spec.writers.is_empty() && !self.anywhere;
            let moved = *stamp_then != spec.stamp || spec.unfinished.is_some();
            // When it has changed again since, the two cannot be told apart.
            if untouched && moved && Stamp::at(path) == *stamp_then {
                spec.stamp = *stamp_then;
                spec.unfinished = None;
                let content = Content::read(path);
                if !content.is(&spec.before()) {
                    self.notice(&real(path), content).await;
                }
            }
        }
        // What has been half written for a moment only may be this tool's, and then stays his however long he takes.
        let unfinished = self.specs.iter().filter(|(_, it)| it.unfinished.is_some());
        let unfinished: Vec<PathBuf> = unfinished.map(|(real, _)| real.clone()).collect();
        for path in unfinished {
            if file.as_ref().is_none_or(|file| real(file) == path) {
                self.settle_unfinished(&path).await;
            }
        }
        match file {
            None => self.anywhere = true,
            Some(path) => {
                if let Some(spec) = self.specs.get_mut(&real(&path)) {
                    spec.writers.insert(tool.to_owned());
                    // It was not asked for, and may have written before we heard of it.
                    if stamps.is_empty() {
                        spec.reconsider();
                    }
                }
            }
        }
    }

    /// What is in the file that the tool named is Claude's now, whatever somebody else makes of it from here on.
    pub(super) async fn ended(&mut self, tool: &str) {
        let named: Vec<PathBuf> = self
            .specs
            .iter_mut()
            .filter_map(|(real, spec)| spec.writers.remove(tool).then(|| real.clone()))
            .collect();
        for real in named {
            self.heed_save(&real).await;
            let Some((stamp, content)) = self.read(&real).await else {
                continue;
            };
            self.settle_unfinished(&real).await;
            let saved = self.is_saved(&real, &content, stamp).await;
            let Some(spec) = self.specs.get_mut(&real) else {
                continue;
            };
            let before = match &spec.claimed {
                Some(claimed) => claimed.after.clone(),
                None => spec.before(),
            };
            if content.is(&before) || saved {
                continue;
            }
            // A file that is gone does not hold what he wrote before.
            if content.text().is_none()
                && let Some(claimed) = spec.claimed.take()
            {
                self.bring(&real, claimed).await;
            }
            if let Some(spec) = self.specs.get_mut(&real) {
                spec.stamp = stamp;
                spec.claimed = Some(spec.claim(content));
            }
        }
    }

    /// What was no JSON for a while is no half of what Claude writes, but what somebody else made of it.
    pub(super) async fn settle_unfinished(&mut self, real: &Path) {
        let unfinished = self.specs.get_mut(real).and_then(|it| it.unfinished.take());
        if let Some((content, since)) = unfinished
            && since.elapsed() >= FINISHED
        {
            self.notice(real, content).await;
            if let Some(spec) = self.specs.get_mut(real) {
                // For good: no tool that has begun since can have made it, and no editor can show it.
                spec.noticed = None;
            }
        }
    }

    /// What Claude had left half done has become whole since: then he has not left a half.
    pub(super) async fn is_whole_now(&self, real: &Path) -> bool {
        let half = self.specs.get(real).and_then(Spec::half_since);
        half.is_some()
            && matches!(self.read(real).await, Some((_, now)) if now.document().is_some())
    }

    /// Brings what a tool left when it ended, where there is something to bring. `also_half`: what is no JSON, too.
    pub(super) async fn bring_claimed(&mut self, real: &Path, also_half: bool) -> bool {
        let Some(spec) = self.specs.get_mut(real) else {
            return false;
        };
        let Some(claimed) = spec.claimed.take() else {
            return false;
        };
        if claimed.half_since.is_some() && !also_half {
            spec.claimed = Some(claimed);
            return false;
        }
        // What others left until then is in it.
        let others = spec.by_others.take_if(|others| *others == claimed.before);
        if let Some(text) = others.and_then(|others| others.text())
            && spec.noticed.take().is_some()
        {
            self.settle(real, text).await;
        }
        self.bring(real, claimed).await;
        true
    }

    /// What the user saved since the file was read last came before what is there now. It is his, although Claude has
    /// written over it before anybody looked; what Claude had left until then goes first.
    ///
    /// To be called before the file is read again: a save after that is for the next time.
    pub(super) async fn heed_save(&mut self, real: &Path) {
        let Some(spec) = self.specs.get_mut(real) else {
            return;
        };
        let (path, read_at) = (spec.path.clone(), spec.read_at);
        spec.read_before = std::mem::replace(&mut spec.read_at, SystemTime::now());
        let Some((text, at)) = self.means.host.last_save(path).await else {
            return;
        };
        let saved = Content::Text(text.clone());
        let Some(spec) = self.specs.get_mut(real) else {
            return;
        };
        // Noticed before the editor said that it was a save: what comes after it is measured against it.
        let is_settled = saved.is(&spec.before()) && spec.noticed.is_none();
        if at <= read_at || is_settled {
            return;
        }
        if let Some(claimed) = spec.claimed.take() {
            self.bring(real, claimed).await;
        }
        if let Some(spec) = self.specs.get_mut(real) {
            spec.noticed = None;
            spec.by_others = Some(saved);
        }
        self.bringer.saved(real.to_owned(), text);
    }

    /// Somebody else seems to have left this. What Claude had left until then goes first.
    pub(super) async fn notice(&mut self, real: &Path, content: Content) {
        let claimed = self.specs.get_mut(real).and_then(|it| it.claimed.take());
        if let Some(claimed) = claimed {
            self.bring(real, claimed).await;
        }
        if let Some(spec) = self.specs.get_mut(real) {
            spec.notice(content);
        }
    }

    /// When the first of the changes by others is to be brought.
    pub(super) fn others_due(&self) -> Option<Instant> {
        let noticed = self.specs.values();
        let noticed = noticed.filter_map(|spec| Some(spec.noticed.as_ref()?.at));
        noticed.min().map(|at| at + OTHERS_PAUSE)
    }

    /// Brings what others changed and is due, or `all` of it.
    pub(super) async fn bring_others(&mut self, all: bool) {
        let now = Instant::now();
        let due: Vec<PathBuf> = self
            .specs
            .iter_mut()
            .filter(|(_, spec)| {
                let noticed = spec.noticed.as_ref();
                noticed.is_some_and(|noticed| all || noticed.at + OTHERS_PAUSE <= now)
            })
            .map(|(real, spec)| {
                spec.noticed = None;
                real.clone()
            })
            .collect();
        for real in due {
            let Some(spec) = self.specs.get(&real) else {
                continue;
            };
            let Some(text) = spec.by_others.as_ref().and_then(Content::text) else {
                continue;
            };
            let is_json = Content::Text(text.clone()).document().is_some();
            if self.settle(&real, text.clone()).await || !is_json {
                continue;
            }
            let Some(spec) = self.specs.get(&real) else {
                continue;
            };
            let change = SpecChange {
                author: Author::Others,
                ..self.change(spec, &spec.base, text, spec.read_at)
            };
            self.bringer.bring_others(real, change);
        }
    }

    /// A change by others is overtaken by one of Claude's that holds it.
    pub(super) async fn settle_others(&mut self, real: &Path) {
        let Some(spec) = self.specs.get_mut(real) else {
            return;
        };
        let text = spec.by_others.as_ref().and_then(Content::text);
        if let (Some(_), Some(text)) = (spec.noticed.take(), text) {
            self.settle(real, text).await;
        }
    }

    /// Was it a save of the user's? Then editor and file had that text in common.
    pub(super) async fn settle(&self, real: &Path, text: Arc<str>) -> bool {
        let Some(spec) = self.specs.get(real) else {
            return false;
        };
        let content = Content::Text(text.clone());
        let saved = self.is_saved(real, &content, spec.stamp).await;
        if saved {
            self.bringer.saved(real.to_owned(), text);
        }
        saved
    }

    pub(super) async fn is_saved(
        &self,
        real: &Path,
        content: &Content,
        stamp: Option<Stamp>,
    ) -> bool {
        let written = stamp.and_then(|stamp| stamp.modified());
        let (Some(spec), Some(text), Some(written)) =
            (self.specs.get(real), content.text(), written)
        else {
            return false;
        };
        let path = spec.path.clone();
        self.means.host.is_saved(path, text, written).await
    }
}

/// Never, where there is no such time.
pub(super) async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}
