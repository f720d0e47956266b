"""Tiny copies of datasets in their real layouts, a file for each dataset."""

from fake_data.c2seg_bw import make_c2seg_bw as make_c2seg_bw
from fake_data.ddhr import make_ddhr as make_ddhr
from fake_data.dfc2020 import CITY_TILES as CITY_TILES
from fake_data.dfc2020 import CONTEST_TILES as CONTEST_TILES
from fake_data.dfc2020 import make_dfc2020 as make_dfc2020
from fake_data.files import SIZE as SIZE
from fake_data.files import write_matlab as write_matlab
from fake_data.files import write_tif as write_tif
from fake_data.ombria import make_ombria as make_ombria
from fake_data.whu_opt_sar import make_whu_opt_sar as make_whu_opt_sar
