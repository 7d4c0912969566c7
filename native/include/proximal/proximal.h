/* The whole C ABI of Proximal. */
#ifndef PROXIMAL_H
#define PROXIMAL_H

#include "base.h"
#include "engine.h"
#include "generator.h"
#include "kernels/adamw.h"
#include "kernels/attention.h"
#include "kernels/bradley_terry.h"
#include "kernels/cast.h"
#include "kernels/embedding.h"
#include "kernels/gae.h"
#include "kernels/gelu.h"
#include "kernels/gemm.h"
#include "kernels/group_advantage.h"
#include "kernels/head_kl.h"
#include "kernels/kl.h"
#include "kernels/layernorm.h"
#include "kernels/policy_loss.h"
#include "kernels/preference_loss.h"
#include "kernels/rmsnorm.h"
#include "kernels/rope.h"
#include "kernels/sample.h"
#include "kernels/swiglu.h"
#include "kernels/token_logprob.h"
#include "kernels/value_loss.h"
#include "kernels/whiten.h"
#include "model.h"
#include "trainer.h"

#endif
