//! The dots of one line: eight in a cell as braille has them.

/// The bits of a braille cell, by column and row of its dots (Unicode 15, 16.5: U+2800 and the bits).
const BITS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// A grid of dots in cells.
#[derive(Clone, Debug)]
pub(super) struct Dots {
    width: usize,
    height: usize,
    /// Dots of a cell, across and down.
    fine: (usize, usize),
    /// The bits of each cell, row by row.
    cells: Vec<u8>,
}

impl Dots {
    pub(super) fn new(width: usize, height: usize, ascii: bool) -> Self {
        // As many down in ASCII: a value is in the same row whichever way it is drawn.
        let fine = if ascii { (1, 4) } else { (2, 4) };
        Self { width, height, fine, cells: vec![0; width * height] }
    }

    /// Sets the dot at this share of width and height.
    pub(super) fn dot(&mut self, at: (f64, f64)) {
        let (x, y) = self.nearest(at);
        self.set(x, y);
    }

    /// Sets the dots from one place to another.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64)) {
        let ((x0, y0), (x1, y1)) = (self.nearest(from), self.nearest(to));
        let steps = x0.abs_diff(x1).max(y0.abs_diff(y1));
        let between = |a: usize, b: usize, step: usize| {
            let way = a.abs_diff(b) * step + steps / 2;
            let way = way.checked_div(steps).unwrap_or(0);
            if a <= b { a + way } else { a - way }
        };
        for step in 0..=steps {
            self.set(between(x0, x1, step), between(y0, y1, step));
        }
    }

    /// Takes the dots of another grid of the same size.
    pub(super) fn add(&mut self, other: &Self) {
        for (own, other) in self.cells.iter_mut().zip(&other.cells) {
            *own |= other;
        }
    }

    /// The cells that have a dot, row by row.
    pub(super) fn cells(&self) -> impl Iterator<Item = (usize, usize)> {
        let at = |index: usize| (index % self.width.max(1), index / self.width.max(1));
        self.cells.iter().enumerate().filter(|(_, bits)| **bits != 0).map(move |(index, _)| at(index))
    }

    /// The highest cell with a dot in each column that has one.
    pub(super) fn tops(&self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.width).filter_map(|x| {
            let has = |y: &usize| self.cells.get(y * self.width + x).is_some_and(|bits| *bits != 0);
            Some((x, (0..self.height).find(has)?))
        })
    }

    /// The braille character of a cell.
    pub(super) fn glyph(&self, x: usize, y: usize) -> char {
        let bits = self.cells.get(y * self.width + x).copied().unwrap_or(0);
        char::from_u32(0x2800 + u32::from(bits)).unwrap_or('?')
    }

    fn nearest(&self, (across, down): (f64, f64)) -> (usize, usize) {
        let (x, y) = (self.width * self.fine.0, self.height * self.fine.1);
        (super::scale::nearest(across, x), super::scale::nearest(down, y))
    }

    fn set(&mut self, x: usize, y: usize) {
        let index = (y / self.fine.1) * self.width + x / self.fine.0;
        let bit = BITS.get(x % self.fine.0).and_then(|column| column.get(y % self.fine.1));
        if let (Some(cell), Some(bit)) = (self.cells.get_mut(index), bit) {
            *cell |= bit;
        }
    }
}
