//! Each role's story, from signing in to its result, on a telephone in Vietnamese and on a desk in English. Its steps are counted and
//! printed, and good moments are kept as pictures for the guide.

mod audit;
mod city;
mod together;
mod ward;
