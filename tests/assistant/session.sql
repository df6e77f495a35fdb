--- what concerns the asking session alone: refused by the parser and by the brackets, harmless without
set statement_timeout = 0

set default_transaction_read_only = off

set search_path = public

set local work_mem = '4GB'

set role mediavault_reader

reset all

show statement_timeout

begin

start transaction read write

commit

listen mediavault

unlisten *

discard all

deallocate all

explain select 1

close all

fetch all from c

savepoint s

checkpoint

vacuum

analyze media_files

notify mediavault, 'all:0'
