//! Plays as Parquet: the columns of the full form, a group of rows at a time.

use super::play::{COLUMNS, Kind, Play, Value};
use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use std::io::{self, Write};
use std::sync::Arc;

/// Rows in memory at a time: a group.
const GROUP: usize = 16_384;

/// Gathers a group, writes it, begins the next.
pub(super) struct ParquetSink<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    rows: Vec<Vec<Option<Value>>>,
}

fn failed(error: ParquetError) -> io::Error {
    io::Error::other(error)
}

/// Every column may be empty; instants are UTC milliseconds.
fn schema() -> Result<Type, ParquetError> {
    let column = |name, kind| {
        let (physical, logical) = match kind {
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Kind::Whole => (Physical::INT64, None),
            Kind::Flag => (Physical::BOOLEAN, None),
            Kind::Instant => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS))),
        };
        let column = Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
        column.with_logical_type(logical).build().map(Arc::new)
    };
    let columns = COLUMNS.iter().map(|c| column(c.name, c.kind)).collect::<Result<_, _>>()?;
    Type::group_type_builder("play").with_fields(columns).build()
}

impl<W: Write + Send> ParquetSink<W> {
    pub(super) fn new(to: W) -> io::Result<Self> {
        let schema = Arc::new(schema().map_err(failed)?);
        let properties = Arc::new(WriterProperties::builder().build());
        let writer = SerializedFileWriter::new(to, schema, properties).map_err(failed)?;
        Ok(Self { writer, rows: Vec::new() })
    }

    pub(super) fn add(&mut self, play: &Play<'_>) -> io::Result<()> {
        self.rows.push(COLUMNS.iter().map(|c| (c.get)(play)).collect());
        if self.rows.len() == GROUP { self.group().map_err(failed) } else { Ok(()) }
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        self.group().and_then(|()| self.writer.into_inner()).map_err(failed)
    }

    fn group(&mut self) -> Result<(), ParquetError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        let mut index = 0;
        while let Some(mut column) = group.next_column()? {
            let cells = || self.rows.iter().map(|row| row[index].as_ref());
            let there: Vec<i16> = cells().map(|cell| i16::from(cell.is_some())).collect();
            let cells = cells().flatten();
            match column.untyped() {
                ColumnWriter::ByteArrayColumnWriter(writer) => {
                    let text = |value: &Value| match value {
                        Value::Text(text) => Some(ByteArray::from(text.as_str())),
                        _ => None,
                    };
                    writer.write_batch(&cells.filter_map(text).collect::<Vec<_>>(), Some(&there), None)?;
                }
                ColumnWriter::BoolColumnWriter(writer) => {
                    let flag = |value: &Value| if let Value::Flag(flag) = value { Some(*flag) } else { None };
                    writer.write_batch(&cells.filter_map(flag).collect::<Vec<_>>(), Some(&there), None)?;
                }
                ColumnWriter::Int64ColumnWriter(writer) => {
                    let number = |value: &Value| match value {
                        Value::Whole(number) => Some(*number),
                        Value::Instant(at) => Some(at.0),
                        Value::Text(_) | Value::Flag(_) => None,
                    };
                    writer.write_batch(&cells.filter_map(number).collect::<Vec<_>>(), Some(&there), None)?;
                }
                _ => return Err(ParquetError::General("a column of a kind that the schema does not have".to_owned())),
            }
            column.close()?;
            index += 1;
        }
        group.close()?;
        self.rows.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::play::tests::{judged, play};
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;

    #[test]
    fn groups_follow_each_other_and_no_row_is_lost_between_them() {
        let mut sink = ParquetSink::new(Vec::new()).unwrap();
        let rows = GROUP as u64 + 7;
        for seq in 1..=rows {
            sink.add(&play(&judged(seq))).unwrap();
        }
        let reader = SerializedFileReader::new(bytes::Bytes::from(sink.finish().unwrap())).unwrap();
        assert_eq!(reader.num_row_groups(), 2);
        let seq = COLUMNS.iter().position(|c| c.name == "seq").unwrap();
        let read = reader.get_row_iter(None).unwrap().map(|row| row.unwrap().get_long(seq).unwrap() as u64);
        assert!(read.eq(1..=rows));
    }
}
