# 12345 热线平台。Everything that can be done with a checkout; "make" alone lists it.
# Needed beforehand: Debian 12 or later with git, make and python3. The rest is installed.

SHELL := /bin/bash
PYTHON ?= python3
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install run test check bench bench-calls bench-speech bench-similar bench-nlp bench-orders clean

help: ## 列出可用的命令
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST)

install: ## 安装运行所需的一切（可重复执行）
	@$(PYTHON) scripts/install.py run

run: install ## 安装并启动热线，Ctrl-C 停止
	@exec .venv/bin/hotline serve

test: ## 安装测试所需的一切并运行全部检查和测试
	@$(PYTHON) scripts/install.py test
	@scripts/test $(ARGS)

check: ## 代码检查：格式、类型、模块边界
	@$(PYTHON) scripts/install.py check
	@scripts/check

bench: ## 测量本机性能
	@$(PYTHON) scripts/install.py test
	@.venv/bin/python -m bench $(ARGS)

bench-calls: ## 测量满负荷话务：60 路通话 10 分钟和突发来电
	@$(PYTHON) scripts/install.py test
	@.venv/bin/python -m bench.calls $(ARGS)

bench-speech: ## 测量实时语音识别：一个核心能带多少路、快慢、内存
	@$(PYTHON) scripts/install.py test
	@.venv/bin/python -m bench.speech $(ARGS)

bench-nlp: ## 测量文本理解的速度
	@$(PYTHON) scripts/install.py test
	@.venv/bin/python -m bench.understanding $(ARGS)

bench-similar: ## 测量一百万张工单中的相似检索
	@$(PYTHON) scripts/install.py test
	@.venv/bin/python -m bench.similar $(ARGS)

bench-orders: ## 测量一百万张工单中的办理、列表、检索和定时
	@$(PYTHON) scripts/install.py test
	@.venv/bin/python -m bench.orders $(ARGS)

clean: ## 删除安装和构建的产物（数据库、录音和配置保留）
	rm -rf .venv var/asterisk-root var/.installed var/log/install *.egg-info
	rm -rf agent_console/web/node_modules agent_console/web/dist
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
