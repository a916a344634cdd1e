//! The variables of a cell: what its steps set and captured, one frame per turn of a loop.

use crate::base::Data;
use crate::eval::scope::{Layer, Scope};
use indexmap::IndexMap;

/// Names a frame of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameId(usize);

/// The frames of a cell. The first one is the cell's own.
#[derive(Debug)]
pub(super) struct Frames {
    fixed: Scope,
    all: Vec<Frame>,
    /// Those of turns that are over, to be used again: a long run has more turns than memory.
    free: Vec<FrameId>,
    vars: Layer,
}

#[derive(Debug)]
struct Frame {
    parent: Option<FrameId>,
    /// `device`, where the step has several.
    device: Option<Layer>,
    /// `item` and `loop`; empty outside of loops.
    turn: Layer,
    values: IndexMap<String, Data>,
    shown: Layer,
}

impl Frames {
    /// The cell's own frame.
    pub(super) const CELL: FrameId = FrameId(0);

    /// Begins with nothing captured. `fixed` is stronger than everything, `vars` weaker.
    pub(super) fn new(fixed: Scope, vars: Layer) -> Self {
        Self { fixed, all: vec![Frame::new(None, Layer::default())], free: Vec::new(), vars }
    }

    /// Opens the frame of one turn of a loop.
    pub(super) fn turn(&mut self, parent: FrameId, item: Data, index: usize) -> FrameId {
        let position = serde_json::json!({"index": index + 1, "index0": index});
        let turn = Layer::from_data(&IndexMap::from([("item".to_owned(), item), ("loop".to_owned(), position)]));
        self.open(Frame::new(Some(parent), turn))
    }

    /// Opens the frame of one of several commands.
    pub(super) fn command(&mut self, parent: FrameId) -> FrameId {
        self.open(Frame::new(Some(parent), Layer::default()))
    }

    /// Opens the frame of one of several devices.
    pub(super) fn member(&mut self, parent: FrameId, device: Layer) -> FrameId {
        self.open(Frame { device: Some(device), ..Frame::new(Some(parent), Layer::default()) })
    }

    fn open(&mut self, frame: Frame) -> FrameId {
        if let Some(id) = self.free.pop() {
            self.all[id.0] = frame;
            return id;
        }
        self.all.push(frame);
        FrameId(self.all.len() - 1)
    }

    /// Ends a frame; what it captured.
    fn close(&mut self, id: FrameId) -> IndexMap<String, Data> {
        self.free.push(id);
        std::mem::replace(&mut self.all[id.0], Frame::new(None, Layer::default())).values
    }

    /// Sets variables in a frame.
    pub(super) fn set(&mut self, frame: FrameId, values: impl IntoIterator<Item = (String, Data)>) {
        let frame = &mut self.all[frame.0];
        let mut changed = false;
        for (name, value) in values {
            frame.values.insert(name, value);
            changed = true;
        }
        if changed {
            frame.shown = Layer::from_data(&frame.values);
        }
    }

    /// Ends the turns of a loop: each name that a turn captured becomes a list in `parent`, with one
    /// value for each turn, in their order; none where a turn did not capture it.
    pub(super) fn gather(&mut self, parent: FrameId, turns: &[FrameId]) {
        let mut lists: IndexMap<String, Vec<Data>> = IndexMap::new();
        for (index, turn) in turns.iter().enumerate() {
            for (name, value) in self.close(*turn) {
                let list = lists.entry(name).or_default();
                list.resize(index, Data::Null);
                list.push(value);
            }
        }
        lists.values_mut().for_each(|list| list.resize(turns.len(), Data::Null));
        self.set(parent, lists.into_iter().map(|(name, list)| (name, Data::Array(list))));
    }

    /// Ends the turns of several devices: each name that one captured becomes a mapping in `parent`, by device.
    pub(super) fn gather_by_name<'a>(&mut self, parent: FrameId, turns: &[FrameId], names: impl Iterator<Item = &'a str>) {
        let mut mappings: IndexMap<String, serde_json::Map<String, Data>> = IndexMap::new();
        for (device, turn) in names.zip(turns) {
            for (name, value) in self.close(*turn) {
                mappings.entry(name).or_default().insert(device.to_owned(), value);
            }
        }
        self.set(parent, mappings.into_iter().map(|(name, mapping)| (name, Data::Object(mapping))));
    }

    /// What templates see in a frame.
    pub(super) fn scope(&self, frame: FrameId) -> Scope {
        let own = self.all[frame.0].device.clone();
        let mut scope = own.map_or_else(|| self.fixed.clone(), |device| self.fixed.over(device));
        let mut next = Some(frame);
        while let Some(id) = next {
            let frame = &self.all[id.0];
            scope = scope.under(frame.turn.clone()).under(frame.shown.clone());
            next = frame.parent;
        }
        scope.under(self.vars.clone())
    }
}

impl Frame {
    fn new(parent: Option<FrameId>, turn: Layer) -> Self {
        Self { parent, device: None, turn, values: IndexMap::new(), shown: Layer::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Data;

    #[test]
    fn however_often_a_loop_turns_its_frames_are_used_again() {
        let mut frames = Frames::new(Scope::default(), Layer::default());
        for round in 0..1000 {
            let turns: Vec<FrameId> = (0..3).map(|index| frames.turn(Frames::CELL, Data::from(index), index)).collect();
            let inner = frames.command(turns[1]);
            frames.set(inner, [("word".to_owned(), Data::from(round))]);
            frames.gather(turns[1], &[inner]);
            frames.gather(Frames::CELL, &turns);
        }
        assert_eq!(frames.all.len(), 5);
        assert_eq!(frames.all[0].values["word"], serde_json::json!([null, [999], null]));
    }
}
