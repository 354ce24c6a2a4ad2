//! Tiles of the implicit matrix product: a table of their shapes, and the product of two factors in registers.

use cubecl::prelude::*;

/// Vector of four neighbouring values.
pub(super) type Four<E = f32> = Vector<E, Const<4>>;

/// Shape of the part of a matrix product that a workgroup computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    /// Rows of the result.
    pub rows: usize,
    /// Columns of the result.
    pub columns: usize,
    /// Terms of each sum that are in shared memory at a time.
    depth: usize,
    /// Rows of the result that a thread keeps in registers.
    thread_rows: usize,
    /// Columns of the result that a thread keeps in registers.
    thread_columns: usize,
}

/// The tiles, by the most rows of the result that each serves. Tiles for few rows are wide; of the three tiles for many
/// rows, the first is for the smallest maps.
const TILES: [Tile; 6] = [
    Tile { rows: 4, columns: 256, depth: 8, thread_rows: 4, thread_columns: 4 },
    Tile { rows: 16, columns: 256, depth: 8, thread_rows: 8, thread_columns: 8 },
    Tile { rows: 32, columns: 128, depth: 16, thread_rows: 8, thread_columns: 8 },
    Tile { rows: 64, columns: 32, depth: 16, thread_rows: 8, thread_columns: 8 },
    Tile { rows: 64, columns: 64, depth: 16, thread_rows: 8, thread_columns: 8 },
    Tile { rows: 128, columns: 64, depth: 16, thread_rows: 8, thread_columns: 8 },
];
const _: () = {
    let mut index = 0;
    while index < TILES.len() {
        let tile = TILES[index];
        // Each thread loads the same columns in each round, and all threads load the same number of vectors.
        assert!(tile.threads().is_multiple_of(tile.right_width()));
        assert!((tile.depth * tile.right_width()).is_multiple_of(tile.threads()));
        // These are limits that every adapter of WebGPU has.
        assert!(tile.threads() <= 256 && tile.shared_bytes() <= 16 << 10);
        index += 1;
    }
};
/// Number of workgroups below which a smaller tile is taken: a large GPU has more than a hundred multiprocessors.
const WORKGROUPS: usize = 256;

impl Tile {
    /// Tile for a product of `rows` × `columns`. It depends on nothing else, so that sums are rounded in the same way
    /// on every adapter.
    pub fn of(rows: usize, columns: usize) -> Self {
        Self::of_each(1, rows, columns)
    }

    /// Tile for each of several products of `rows` × `columns`.
    pub(super) fn of_each(products: usize, rows: usize, columns: usize) -> Self {
        let [.., narrow, square, tall] = TILES;
        let is_filled = |tile: &Self| products * tile.workgroups(rows, columns) >= WORKGROUPS;
        match TILES[..3].iter().find(|tile| rows <= tile.rows) {
            Some(tile) => *tile,
            None if columns <= narrow.columns => narrow,
            None if rows.is_multiple_of(tall.rows) && is_filled(&tall) => tall,
            None => square,
        }
    }

    /// Workgroups of a product of `rows` × `columns`.
    pub(super) fn workgroups(self, rows: usize, columns: usize) -> usize {
        rows.div_ceil(self.rows) * columns.div_ceil(self.columns)
    }

    /// Bytes that are read from global memory for each multiply-add.
    pub fn bytes_per_multiply_add(self) -> f64 {
        let read = (self.rows + self.columns) * size_of::<f32>();
        read as f64 / (self.rows * self.columns) as f64
    }

    /// Bytes of shared memory for factors of f32; f16 takes half of it.
    const fn shared_bytes(self) -> usize {
        self.depth * (self.left_stride() + self.right_stride()) * 4 * size_of::<f32>()
    }

    /// Threads per workgroup.
    pub(super) const fn threads(self) -> usize {
        self.row_threads() * self.column_threads()
    }

    const fn row_threads(self) -> usize {
        self.rows / self.thread_rows
    }

    const fn column_threads(self) -> usize {
        self.columns / self.thread_columns
    }

    /// Vectors of one term of the left factor.
    const fn left_width(self) -> usize {
        self.rows / 4
    }

    /// Vectors of one term of the right factor.
    pub(super) const fn right_width(self) -> usize {
        self.columns / 4
    }

    /// Vectors from one term of the left factor to the next: one more than needed, so that threads that write
    /// neighbouring terms use different banks of shared memory.
    const fn left_stride(self) -> usize {
        self.left_width() + 1
    }

    /// Stride of the right factor, as [`Tile::left_stride`] of the left.
    const fn right_stride(self) -> usize {
        self.right_width() + 1
    }

    /// Vectors of the left factor that each thread loads.
    pub(super) const fn left_loads(self) -> usize {
        (self.depth * self.left_width()).div_ceil(self.threads())
    }

    /// True if there is a vector of the left factor for each thread in the last round.
    pub(super) const fn left_fills_threads(self) -> bool {
        (self.depth * self.left_width()).is_multiple_of(self.threads())
    }

    /// Vectors of the left factor.
    pub(super) const fn left_vectors(self) -> usize {
        self.depth * self.left_width()
    }

    /// Vectors of the right factor that each thread loads.
    pub(super) const fn right_loads(self) -> usize {
        self.depth * self.right_width() / self.threads()
    }

    /// Vectors of the result that a thread computes.
    pub(super) const fn sums(self) -> usize {
        self.thread_rows * self.thread_columns / 4
    }

    /// Terms of each sum that are in shared memory at a time.
    pub(super) const fn depth(self) -> usize {
        self.depth
    }

    /// Rows of the result that a thread computes.
    pub(super) const fn thread_rows(self) -> usize {
        self.thread_rows
    }

    /// Vectors of each row of the result that a thread computes.
    pub(super) const fn thread_vectors(self) -> usize {
        self.thread_columns / 4
    }
}

/// Product of two factors of type `E`, which a workgroup shares, and the part of the f32 result that a thread computes.
///
/// Factors in f16 are widened before they are multiplied, since WGSL has no matrix units. A matrix unit that adds
/// in f32 (cubecl's `cmma`, in SPIR-V) has the same result to rounding, and takes factors in f16.
#[derive(CubeType)]
pub(super) struct Product<E: Float> {
    left: Shared<[Four<E>]>,
    right: Shared<[Four<E>]>,
    sums: Array<Four>,
}

#[cube]
impl<E: Float> Product<E> {
    /// Product with a result of zeros.
    pub fn new(#[comptime] tile: Tile) -> Product<E> {
        let left = Shared::<[Four<E>]>::new_slice(comptime!(tile.depth() * tile.left_stride()));
        let right = Shared::<[Four<E>]>::new_slice(comptime!(tile.depth() * tile.right_stride()));
        let mut sums = Array::<Four<f32>>::new(comptime!(tile.sums()));
        #[unroll]
        for index in 0..comptime!(tile.sums()) {
            sums[index] = Four::<f32>::new(0.0);
        }
        Product::<E> { left, right, sums }
    }

    /// Writes four neighbouring rows of a term of the left factor, rounded to `E`.
    pub fn load_left(&mut self, term: usize, vector: usize, values: Four, #[comptime] tile: Tile) {
        self.left[term * comptime!(tile.left_stride()) + vector] = Four::<E>::cast_from(values);
    }

    /// Writes four neighbouring columns of a term of the right factor, rounded to `E`.
    pub fn load_right(&mut self, term: usize, vector: usize, values: Four, #[comptime] tile: Tile) {
        self.right[term * comptime!(tile.right_stride()) + vector] = Four::<E>::cast_from(values);
    }

    /// Adds the products of the loaded terms. The next terms can be loaded afterwards.
    pub fn accumulate(&mut self, #[comptime] tile: Tile) {
        sync_cube();
        let vectors = comptime!(tile.thread_vectors());
        let row_thread = UNIT_POS as usize / comptime!(tile.column_threads());
        let column_thread = UNIT_POS as usize % comptime!(tile.column_threads());
        for term in 0..comptime!(tile.depth()) {
            let mut columns = Array::<Four<f32>>::new(vectors);
            #[unroll]
            for vector in 0..vectors {
                let index = comptime!(vector * tile.column_threads()) + column_thread;
                columns[vector] =
                    Four::<f32>::cast_from(self.right[term * comptime!(tile.right_stride()) + index]);
            }
            #[unroll]
            for group in 0..comptime!(tile.thread_rows() / 4) {
                let index = comptime!(group * tile.row_threads()) + row_thread;
                let rows = Four::<f32>::cast_from(self.left[term * comptime!(tile.left_stride()) + index]);
                #[unroll]
                for lane in 0..4 {
                    let value = Four::<f32>::new(rows.extract(lane));
                    #[unroll]
                    for vector in 0..vectors {
                        let sum = comptime!((group * 4 + lane) * vectors + vector);
                        self.sums[sum] = fma(value, columns[vector], self.sums[sum]);
                    }
                }
            }
        }
        sync_cube();
    }

    /// Value of the result in a row and a column among those of the thread.
    pub fn sum(&self, #[comptime] row: usize, #[comptime] column: usize, #[comptime] tile: Tile) -> f32 {
        let index = comptime!(row * tile.thread_vectors() + column / 4);
        self.sums[index].extract(comptime!(column % 4))
    }
}

/// Row of the tile, from a row among those of this thread.
#[cube]
pub(super) fn row_of_tile(#[comptime] row: usize, #[comptime] tile: Tile) -> usize {
    let row_thread = UNIT_POS as usize / comptime!(tile.column_threads());
    (comptime!(row / 4 * tile.row_threads()) + row_thread) * 4 + comptime!(row % 4)
}

/// Column of the tile, from a column among those of this thread.
#[cube]
pub(super) fn column_of_tile(#[comptime] column: usize, #[comptime] tile: Tile) -> usize {
    let column_thread = UNIT_POS as usize % comptime!(tile.column_threads());
    (comptime!(column / 4 * tile.column_threads()) + column_thread) * 4 + comptime!(column % 4)
}
