-- A rare kind or folder by year: most files have no year and would all be looked at first. From 100,000 files on
-- that takes longer (26 ms for a folder at 149,000) than these two indexes are worth waiting for: `inventory_keys`.
update deferred_indexes set from_files = 100000
where name in ('media_files_kind_year', 'media_files_folder_year') and from_files = 150000;
