//! Begins and ends steps, attempts, loops and branches.

use crate::base::Data;
use crate::base::text;
use crate::engine::plan::{Action, Reach, RouteId, SlotId, Step, hash};
use crate::engine::schedule::orders::Output;
use crate::engine::schedule::walk::linking::Share;
use crate::engine::schedule::walk::strands::StrandId;
use crate::engine::schedule::walk::tree::{Attempts, Block, Here, Kind, Node, NodeId};
use crate::engine::schedule::walk::turns::{Turns, Unit};
use crate::engine::schedule::walk::{Context, News, Outstanding, Walk};
use crate::engine::task::{Bad, Ended, Stage, Task, TaskId};
use crate::model::step::Parallel;
use crate::record::event::{Fact, StepPhase};
use crate::record::fault::Fault;
use crate::record::verdict::Reason;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How much of a loop's item reports show, in characters.
const ITEM_LIMIT: usize = 60;

impl Walk {
    /// Takes a node out and tells its parent.
    pub(super) fn end(&mut self, id: NodeId, ended: Ended) {
        if let Some(node) = self.tree.remove(id) {
            self.queue.push_back(News::Ended { parent: node.parent, ended });
        }
    }

    /// Tells a node that the one beneath it ended.
    pub(super) fn child_ended(&mut self, id: NodeId, ended: Ended, cx: &mut Context<'_>) {
        let Some(node) = self.tree.get_mut(id) else { return };
        match &mut node.kind {
            Kind::Block(block) => {
                block.step_ended(ended);
                self.advance_block(id);
            }
            Kind::Turn(index, strand) => {
                let (index, strand, turns) = (*index, *strand, node.parent);
                if let Some(strand) = strand {
                    self.strands.end(strand, cx.links);
                }
                self.tree.remove(id);
                self.turn_ended(turns, index, ended, cx);
                // What the turn gave back may be what another one waits for, wherever in the cell.
                for waiting in std::mem::take(&mut self.waiting) {
                    self.advance_turns(waiting, cx);
                }
            }
            Kind::Attempts(_) => self.attempt_ended(id, ended, cx),
            Kind::Turns(_) | Kind::Pause(_) | Kind::Leaf => {}
        }
    }

    /// Begins the block's next step, or ends the block.
    pub(super) fn advance_block(&mut self, id: NodeId) {
        let Some(Node { kind: Kind::Block(block), here, .. }) = self.tree.get_mut(id) else { return };
        if let Some(step) = block.next_step() {
            self.queue.push_back(News::Begin { parent: id, step, here: *here });
        } else {
            let ended = std::mem::replace(&mut block.result, Ended::Good);
            self.end(id, ended);
        }
    }

    /// Begins a step: its condition, then its loop, then its first attempt.
    pub(super) fn begin_step(&mut self, parent: NodeId, step: &Arc<Step>, here: Here, cx: &mut Context<'_>) {
        let scope = self.frames.scope(here.frame);
        match step.when.as_ref().map(|when| (when, when.condition(&scope))) {
            Some((when, Ok(false))) => {
                let reason = format!("`when` is false: {}", when.source());
                self.asked |= self.phase == StepPhase::Steps && step.only_fails();
                let step = step.reference(&scope);
                self.tell(Some(parent), Fact::StepSkipped { cell: self.cell, step, reason }, cx);
                self.queue.push_back(News::Ended { parent: Some(parent), ended: Ended::Good });
                return;
            }
            Some((_, Err(fault))) => return self.refuse(parent, step, here, &Bad::errored(fault.kind, fault.message)),
            Some((_, Ok(true))) | None => {}
        }
        let Some(repeat) = &step.repeat else {
            return self.begin_attempts(parent, step, None, cx);
        };
        match repeat.items(&scope) {
            Ok(items) => {
                let turns = Turns::items(Arc::clone(step), items, self.width(step, cx));
                let id = self.tree.add(Some(parent), here, Kind::Turns(turns));
                self.advance_turns(id, cx);
            }
            Err(bad) => self.refuse(parent, step, here, &bad),
        }
    }

    /// Begins the attempts of a step, on each of its devices where it has several.
    fn begin_attempts(&mut self, parent: NodeId, step: &Arc<Step>, item: Option<String>, cx: &mut Context<'_>) {
        let Some(here) = self.tree.get(parent).map(|node| node.here) else { return };
        if !step.members.is_empty() && here.member.is_none() {
            let width = if let Some(Parallel::AtMost(most)) = step.parallel { most as usize } else { usize::MAX };
            let node = self.tree.add(Some(parent), here, Kind::Turns(Turns::members(Arc::clone(step), item, width)));
            return self.advance_turns(node, cx);
        }
        let place = here.member.map(|member| member.to_string()).into_iter().chain(item.clone());
        let salt = hash(self.cell.0.to_le_bytes().into_iter().chain(place.flat_map(String::into_bytes)));
        let attempts = Attempts::new(Arc::clone(step), item, salt, cx.now);
        let id = self.tree.add(Some(parent), here, Kind::Attempts(attempts));
        self.begin_attempt(id, cx);
    }

    /// Ends a step that could not begin.
    fn refuse(&mut self, parent: NodeId, step: &Step, here: Here, bad: &Bad) {
        let title = step.reference(&self.frames.scope(here.frame)).title();
        // What could not be rendered may quote what a sensitive step works with.
        let why = if step.sensitive { "it could not begin (the step is sensitive)" } else { bad.reason.message.as_str() };
        let reason = Reason { kind: bad.reason.kind, message: format!("{title}: {why}") };
        self.queue.push_back(News::Ended { parent: Some(parent), ended: Ended::Bad(Bad { reason, ..bad.clone() }) });
    }

    /// Begins the next attempt of a step.
    pub(super) fn begin_attempt(&mut self, id: NodeId, cx: &mut Context<'_>) {
        let Some(Node { kind: Kind::Attempts(attempts), here, .. }) = self.tree.get_mut(id) else { return };
        attempts.number += 1;
        let (step, here) = (Arc::clone(&attempts.step), *here);
        self.tree.wake(id, None);
        if let Some(turns) = Turns::parts(&step, self.width(&step, cx)) {
            let node = self.tree.add(Some(id), here, Kind::Turns(turns));
            return self.advance_turns(node, cx);
        }
        match &step.action {
            Action::Wait(length) => self.pause(id, here, *length, cx),
            Action::Group { steps, always } => {
                let block = Block::new(steps.clone(), always.clone());
                let node = self.tree.add(Some(id), here, Kind::Block(block));
                self.advance_block(node);
            }
            _ => self.submit(id, &step, None, cx),
        }
    }

    fn attempt_ended(&mut self, id: NodeId, ended: Ended, cx: &mut Context<'_>) {
        let Some(Node { kind: Kind::Attempts(attempts), here, .. }) = self.tree.get_mut(id) else { return };
        let mut ended = ended;
        if let Some(branches) = attempts.branches_ended.take() {
            let after = std::mem::replace(&mut ended, branches);
            ended.worsen(after);
        } else if let Some(always) = always_after_branches(&attempts.step) {
            attempts.branches_ended = Some(ended);
            let here = *here;
            let node = self.tree.add(Some(id), here, Kind::Block(Block::cleaning(always)));
            return self.advance_block(node);
        }
        let Ended::Bad(bad) = ended else { return self.end(id, ended) };
        let (again, end) = (self.tree.again_after(id, &bad, cx.now), self.tree.retries_end(id));
        let Some(Node { kind: Kind::Attempts(attempts), .. }) = self.tree.get_mut(id) else { return };
        if again.is_some() {
            attempts.last = Some(bad);
            self.tree.wake(id, again);
        } else {
            let bad = end.and_then(|end| attempts.told_before_cut(&bad, &end, cx.now)).unwrap_or(bad);
            self.end(id, Ended::Bad(bad));
        }
    }

    fn turn_ended(&mut self, turns: Option<NodeId>, index: usize, ended: Ended, cx: &mut Context<'_>) {
        let Some(id) = turns else { return };
        self.turn_told(id, index, cx);
        if let Some(Node { kind: Kind::Turns(turns), .. }) = self.tree.get_mut(id) {
            turns.turn_ended(index, ended);
            self.advance_turns(id, cx);
        }
    }

    /// Begins as many turns as may run now, or ends them.
    pub(super) fn advance_turns(&mut self, id: NodeId, cx: &mut Context<'_>) {
        loop {
            let Some(Node { kind: Kind::Turns(turns), here, .. }) = self.tree.get_mut(id) else { return };
            if turns.is_over() {
                let (frames, ended) = (std::mem::take(&mut turns.frames), std::mem::replace(&mut turns.result, Ended::Good));
                let (frame, step, members) = (here.frame, Arc::clone(&turns.step), turns.are_members());
                if members {
                    self.frames.gather_by_name(frame, &frames, step.members.iter().map(|member| member.name.as_str()));
                } else {
                    self.frames.gather(frame, &frames);
                }
                return self.end(id, ended);
            }
            let Some(index) = turns.startable() else { return };
            let (step, unit, parallel, mut here) = (Arc::clone(&turns.step), turns.unit(index), turns.parallel, *here);
            let mut own = None;
            if parallel {
                let mut routes = match &unit {
                    Unit::Branch(branch) => self.routes(&branch.slots),
                    Unit::Member(member) => match step.reach(Some(*member)) {
                        Some(Reach::One(slot)) => self.routes(&[slot]),
                        Some(Reach::All(_)) | None => BTreeSet::new(),
                    },
                    Unit::Item(_) | Unit::Command(_) => self.routes(&step.slots),
                };
                // Nobody can give back what is not open; a step that needs it says so, or opens it.
                routes.retain(|route| cx.links.is_open(*route));
                let Some(strand) = self.strands.branch(here.strand, &routes, cx.links) else {
                    return self.wait_for_worker(id, &routes, cx);
                };
                here.strand = strand;
                own = Some(strand);
            }
            self.begin_turn(id, NextTurn { index, unit, own, here, given_up: None }, cx);
        }
    }

    pub(super) fn begin_turn(&mut self, id: NodeId, turn: NextTurn, cx: &mut Context<'_>) {
        let NextTurn { index, unit, own, mut here, given_up } = turn;
        let Some(Node { kind: Kind::Turns(turns), .. }) = self.tree.get_mut(id) else { return };
        turns.begin();
        let (step, item) = (Arc::clone(&turns.step), turns.item.clone());
        self.tree.wake(id, None);
        let (turn, begun) = match unit {
            Unit::Item(item) => {
                let shown = show_item(&item);
                here.frame = self.frames.turn(here.frame, item, index);
                (self.begin_framed(id, index, own, here), Begun { step, item: Some(shown), command: None })
            }
            Unit::Member(member) => {
                here.member = Some(member);
                here.frame = self.frames.member(here.frame, step.members[member].device.clone());
                (self.begin_framed(id, index, own, here), Begun { step, item, command: None })
            }
            Unit::Command(command) => {
                here.frame = self.frames.command(here.frame);
                (self.begin_framed(id, index, own, here), Begun { step, item, command: Some(command) })
            }
            Unit::Branch(step) => {
                let turn = self.tree.add(Some(id), here, Kind::Turn(index, own));
                if given_up.is_none() {
                    self.queue.push_back(News::Begin { parent: turn, step, here });
                    return;
                }
                (turn, Begun { step, item: None, command: None })
            }
        };
        match given_up {
            Some(fault) => self.submit_apart(turn, begun, fault, cx),
            None if begun.command.is_some() => self.submit(turn, &begun.step, begun.command, cx),
            None => self.begin_attempts(turn, &begun.step, begun.item, cx),
        }
    }

    /// Begins a turn with a frame of its own, whose captures become part of lists when the last turn ends.
    fn begin_framed(&mut self, id: NodeId, index: usize, own: Option<StrandId>, here: Here) -> NodeId {
        if let Some(Node { kind: Kind::Turns(turns), .. }) = self.tree.get_mut(id) {
            turns.frames.push(here.frame);
        }
        self.tree.add(Some(id), here, Kind::Turn(index, own))
    }

    /// Makes a task of an attempt.
    fn submit(&mut self, parent: NodeId, step: &Arc<Step>, command: Option<usize>, cx: &mut Context<'_>) {
        let Some(here) = self.tree.get(parent).map(|node| node.here) else { return };
        let share = self.share(step, here.member, here.strand, cx);
        let own = self.tree.attempts_around(parent).next().map(|(_, own)| own);
        let (item, number) = own.map_or((None, 1), |own| (own.item.clone(), own.number));
        self.hand(parent, Begun { step: Arc::clone(step), item, command }, (number, share), cx);
    }

    /// Makes a task that only says why a turn could not have its connection.
    fn submit_apart(&mut self, turn: NodeId, begun: Begun, fault: Box<Fault>, cx: &mut Context<'_>) {
        self.hand(turn, begun, (1, Share { apart: Some(fault), ..Share::default() }), cx);
    }

    /// Hands a task to the crew: the attempt of this number, with what it has of connections.
    fn hand(&mut self, parent: NodeId, begun: Begun, (attempt, share): (u32, Share), cx: &mut Context<'_>) {
        let Some(here) = self.tree.get(parent).map(|node| node.here) else { return };
        let Begun { step, item, command } = begun;
        let Share { lease, whole, apart, change } = share;
        let id = TaskId(*cx.next_task);
        *cx.next_task += 1;
        self.asked |= self.phase == StepPhase::Steps && step.asks();
        let task = Task {
            id,
            cell: self.cell,
            command,
            scope: self.frames.scope(here.frame),
            item,
            attempt,
            member: here.member,
            lease,
            whole,
            apart,
            deadline: self.sooner_deadline(parent),
            timeout: step.timeout.clone(),
            step,
            stage: if self.phase == StepPhase::Teardown { Stage::Teardown } else { Stage::Main },
        };
        let leaf = self.tree.add(Some(parent), here, Kind::Leaf);
        self.outstanding.insert(id, Outstanding { leaf, change });
        cx.out.push(Output::Start(Box::new(task)));
    }

    /// How many turns of a step may run at once.
    fn width(&self, step: &Step, cx: &Context<'_>) -> usize {
        let pools = self.routes(&step.slots).into_iter().map(|route| cx.links.workers(route) as usize).min();
        match step.parallel {
            None => 1,
            Some(Parallel::AtMost(most)) => most as usize,
            Some(Parallel::All) => pools.unwrap_or(usize::MAX),
        }
    }

    fn routes(&self, slots: &[SlotId]) -> BTreeSet<RouteId> {
        slots.iter().map(|slot| self.run.routes[slot.index()]).collect()
    }
}

/// A turn that begins.
pub(super) struct NextTurn {
    pub(super) index: usize,
    pub(super) unit: Unit,
    /// The strand of its own.
    pub(super) own: Option<StrandId>,
    /// Where it runs.
    pub(super) here: Here,
    /// Why it cannot have the connection that it needs.
    pub(super) given_up: Option<Box<Fault>>,
}

/// What a turn or a task runs: the step, the loop's item, shown, and which of its commands.
struct Begun {
    step: Arc<Step>,
    item: Option<String>,
    command: Option<usize>,
}

/// The steps that a group runs after its branches, which run side by side; `None` for everything else.
fn always_after_branches(step: &Step) -> Option<Vec<Arc<Step>>> {
    match &step.action {
        Action::Group { always, .. } if step.parallel.is_some() && step.repeat.is_none() && !always.is_empty() => Some(always.clone()),
        _ => None,
    }
}

fn show_item(item: &Data) -> String {
    let whole = item.as_str().map_or_else(|| item.to_string(), str::to_owned);
    text::one_line(&whole, ITEM_LIMIT)
}
