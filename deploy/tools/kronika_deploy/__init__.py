"""Everything that deploy/ generates and checks. Entry points: deploy/tools/generate.py and deploy/tools/check.py."""
