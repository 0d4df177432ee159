; made of kernels_vnni.c, SHA-256 7f00b7b78f4172cf465c17e9db0d9b783b5a156bfd2c9da6bc74b76c2d4a7214

; Function Attrs: nounwind
define dso_local void @narrow_grey(ptr noundef %0, i64 noundef %1, i64 noundef %2, ptr noundef %3, ptr noundef %4, i64 noundef %5, i64 noundef %6, ptr noundef %7) #0 {
  %9 = alloca ptr, align 8
  %10 = alloca i64, align 8
  %11 = alloca i64, align 8
  %12 = alloca ptr, align 8
  %13 = alloca ptr, align 8
  %14 = alloca i64, align 8
  %15 = alloca i64, align 8
  %16 = alloca ptr, align 8
  %17 = alloca i64, align 8
  %18 = alloca i32, align 4
  %19 = alloca i64, align 8
  %20 = alloca i64, align 8
  %21 = alloca ptr, align 8
  %22 = alloca ptr, align 8
  %23 = alloca [4 x <16 x i32>], align 64
  %24 = alloca [4 x <16 x i32>], align 64
  %25 = alloca [4 x <16 x i32>], align 64
  %26 = alloca i64, align 8
  %27 = alloca <16 x i32>, align 64
  %28 = alloca <16 x i32>, align 64
  %29 = alloca <16 x i32>, align 64
  %30 = alloca i64, align 8
  %31 = alloca <16 x i32>, align 64
  %32 = alloca [4 x <4 x i32>], align 16
  %33 = alloca i64, align 8
  %34 = alloca <4 x i32>, align 16
  %35 = alloca <4 x i32>, align 16
  %36 = alloca <4 x i32>, align 16
  %37 = alloca i64, align 8
  %38 = alloca i32, align 4
  store ptr %0, ptr %9, align 8, !tbaa !4
  store i64 %1, ptr %10, align 8, !tbaa !8
  store i64 %2, ptr %11, align 8, !tbaa !8
  store ptr %3, ptr %12, align 8, !tbaa !4
  store ptr %4, ptr %13, align 8, !tbaa !4
  store i64 %5, ptr %14, align 8, !tbaa !8
  store i64 %6, ptr %15, align 8, !tbaa !8
  store ptr %7, ptr %16, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 8, ptr %17) #7
  store i64 0, ptr %17, align 8, !tbaa !8
  br label %39

39:                                               ; preds = %232, %8
  %40 = load i64, ptr %17, align 8, !tbaa !8
  %41 = load i64, ptr %11, align 8, !tbaa !8
  %42 = icmp slt i64 %40, %41
  br i1 %42, label %44, label %43

43:                                               ; preds = %39
  store i32 2, ptr %18, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %17) #7
  br label %235

44:                                               ; preds = %39
  call void @llvm.lifetime.start.p0(i64 8, ptr %19) #7
  %45 = load i64, ptr %17, align 8, !tbaa !8
  %46 = add nsw i64 %45, 4
  %47 = load i64, ptr %11, align 8, !tbaa !8
  %48 = icmp sle i64 %46, %47
  br i1 %48, label %49, label %51

49:                                               ; preds = %44
  %50 = load i64, ptr %17, align 8, !tbaa !8
  br label %54

51:                                               ; preds = %44
  %52 = load i64, ptr %11, align 8, !tbaa !8
  %53 = sub nsw i64 %52, 4
  br label %54

54:                                               ; preds = %51, %49
  %55 = phi i64 [ %50, %49 ], [ %53, %51 ]
  store i64 %55, ptr %19, align 8, !tbaa !8
  call void @llvm.lifetime.start.p0(i64 8, ptr %20) #7
  store i64 0, ptr %20, align 8, !tbaa !8
  br label %56

56:                                               ; preds = %228, %54
  %57 = load i64, ptr %20, align 8, !tbaa !8
  %58 = load i64, ptr %15, align 8, !tbaa !8
  %59 = icmp slt i64 %57, %58
  br i1 %59, label %61, label %60

60:                                               ; preds = %56
  store i32 5, ptr %18, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %20) #7
  br label %231

61:                                               ; preds = %56
  call void @llvm.lifetime.start.p0(i64 8, ptr %21) #7
  %62 = load ptr, ptr %9, align 8, !tbaa !4
  %63 = load i64, ptr %19, align 8, !tbaa !8
  %64 = load i64, ptr %10, align 8, !tbaa !8
  %65 = mul nsw i64 %63, %64
  %66 = getelementptr inbounds i8, ptr %62, i64 %65
  %67 = load ptr, ptr %12, align 8, !tbaa !4
  %68 = load i64, ptr %20, align 8, !tbaa !8
  %69 = getelementptr inbounds i32, ptr %67, i64 %68
  %70 = load i32, ptr %69, align 4, !tbaa !10
  %71 = sext i32 %70 to i64
  %72 = getelementptr inbounds i8, ptr %66, i64 %71
  store ptr %72, ptr %21, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 8, ptr %22) #7
  %73 = load ptr, ptr %13, align 8, !tbaa !4
  %74 = load i64, ptr %20, align 8, !tbaa !8
  %75 = mul nsw i64 3, %74
  %76 = load i64, ptr %14, align 8, !tbaa !8
  %77 = mul nsw i64 %75, %76
  %78 = getelementptr inbounds i8, ptr %73, i64 %77
  store ptr %78, ptr %22, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 256, ptr %23) #7
  call void @llvm.memset.p0.i64(ptr align 64 %23, i8 0, i64 256, i1 false)
  call void @llvm.lifetime.start.p0(i64 256, ptr %24) #7
  call void @llvm.memset.p0.i64(ptr align 64 %24, i8 0, i64 256, i1 false)
  call void @llvm.lifetime.start.p0(i64 256, ptr %25) #7
  call void @llvm.memset.p0.i64(ptr align 64 %25, i8 0, i64 256, i1 false)
  call void @llvm.lifetime.start.p0(i64 8, ptr %26) #7
  store i64 0, ptr %26, align 8, !tbaa !8
  br label %79

79:                                               ; preds = %134, %61
  %80 = load i64, ptr %26, align 8, !tbaa !8
  %81 = load i64, ptr %14, align 8, !tbaa !8
  %82 = icmp slt i64 %80, %81
  br i1 %82, label %84, label %83

83:                                               ; preds = %79
  store i32 8, ptr %18, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %26) #7
  br label %139

84:                                               ; preds = %79
  call void @llvm.lifetime.start.p0(i64 64, ptr %27) #7
  %85 = load ptr, ptr %22, align 8, !tbaa !4
  %86 = call <16 x i32> @load(ptr noundef %85) #8
  store <16 x i32> %86, ptr %27, align 64, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 64, ptr %28) #7
  %87 = load ptr, ptr %22, align 8, !tbaa !4
  %88 = getelementptr inbounds i8, ptr %87, i64 64
  %89 = call <16 x i32> @load(ptr noundef %88) #8
  store <16 x i32> %89, ptr %28, align 64, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 64, ptr %29) #7
  %90 = load ptr, ptr %22, align 8, !tbaa !4
  %91 = getelementptr inbounds i8, ptr %90, i64 128
  %92 = call <16 x i32> @load(ptr noundef %91) #8
  store <16 x i32> %92, ptr %29, align 64, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 8, ptr %30) #7
  store i64 0, ptr %30, align 8, !tbaa !8
  br label %93

93:                                               ; preds = %130, %84
  %94 = load i64, ptr %30, align 8, !tbaa !8
  %95 = icmp slt i64 %94, 4
  br i1 %95, label %97, label %96

96:                                               ; preds = %93
  store i32 11, ptr %18, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %30) #7
  br label %133

97:                                               ; preds = %93
  call void @llvm.lifetime.start.p0(i64 64, ptr %31) #7
  %98 = load ptr, ptr %21, align 8, !tbaa !4
  %99 = load i64, ptr %30, align 8, !tbaa !8
  %100 = load i64, ptr %10, align 8, !tbaa !8
  %101 = mul nsw i64 %99, %100
  %102 = getelementptr inbounds i8, ptr %98, i64 %101
  %103 = load i64, ptr %26, align 8, !tbaa !8
  %104 = getelementptr inbounds i8, ptr %102, i64 %103
  %105 = call <16 x i32> @load(ptr noundef %104) #8
  store <16 x i32> %105, ptr %31, align 64, !tbaa !12
  %106 = load i64, ptr %30, align 8, !tbaa !8
  %107 = getelementptr inbounds [4 x <16 x i32>], ptr %23, i64 0, i64 %106
  %108 = load <16 x i32>, ptr %107, align 64, !tbaa !12
  %109 = load <16 x i32>, ptr %31, align 64, !tbaa !12
  %110 = load <16 x i32>, ptr %27, align 64, !tbaa !12
  %111 = call <16 x i32> @llvm.x86.avx512.vpdpbusd.512(<16 x i32> %108, <16 x i32> %109, <16 x i32> %110)
  %112 = load i64, ptr %30, align 8, !tbaa !8
  %113 = getelementptr inbounds [4 x <16 x i32>], ptr %23, i64 0, i64 %112
  store <16 x i32> %111, ptr %113, align 64, !tbaa !12
  %114 = load i64, ptr %30, align 8, !tbaa !8
  %115 = getelementptr inbounds [4 x <16 x i32>], ptr %24, i64 0, i64 %114
  %116 = load <16 x i32>, ptr %115, align 64, !tbaa !12
  %117 = load <16 x i32>, ptr %31, align 64, !tbaa !12
  %118 = load <16 x i32>, ptr %28, align 64, !tbaa !12
  %119 = call <16 x i32> @llvm.x86.avx512.vpdpbusd.512(<16 x i32> %116, <16 x i32> %117, <16 x i32> %118)
  %120 = load i64, ptr %30, align 8, !tbaa !8
  %121 = getelementptr inbounds [4 x <16 x i32>], ptr %24, i64 0, i64 %120
  store <16 x i32> %119, ptr %121, align 64, !tbaa !12
  %122 = load i64, ptr %30, align 8, !tbaa !8
  %123 = getelementptr inbounds [4 x <16 x i32>], ptr %25, i64 0, i64 %122
  %124 = load <16 x i32>, ptr %123, align 64, !tbaa !12
  %125 = load <16 x i32>, ptr %31, align 64, !tbaa !12
  %126 = load <16 x i32>, ptr %29, align 64, !tbaa !12
  %127 = call <16 x i32> @llvm.x86.avx512.vpdpbusd.512(<16 x i32> %124, <16 x i32> %125, <16 x i32> %126)
  %128 = load i64, ptr %30, align 8, !tbaa !8
  %129 = getelementptr inbounds [4 x <16 x i32>], ptr %25, i64 0, i64 %128
  store <16 x i32> %127, ptr %129, align 64, !tbaa !12
  call void @llvm.lifetime.end.p0(i64 64, ptr %31) #7
  br label %130

130:                                              ; preds = %97
  %131 = load i64, ptr %30, align 8, !tbaa !8
  %132 = add nsw i64 %131, 1
  store i64 %132, ptr %30, align 8, !tbaa !8
  br label %93, !llvm.loop !13

133:                                              ; preds = %96
  call void @llvm.lifetime.end.p0(i64 64, ptr %29) #7
  call void @llvm.lifetime.end.p0(i64 64, ptr %28) #7
  call void @llvm.lifetime.end.p0(i64 64, ptr %27) #7
  br label %134

134:                                              ; preds = %133
  %135 = load i64, ptr %26, align 8, !tbaa !8
  %136 = add nsw i64 %135, 64
  store i64 %136, ptr %26, align 8, !tbaa !8
  %137 = load ptr, ptr %22, align 8, !tbaa !4
  %138 = getelementptr inbounds i8, ptr %137, i64 192
  store ptr %138, ptr %22, align 8, !tbaa !4
  br label %79, !llvm.loop !15

139:                                              ; preds = %83
  call void @llvm.lifetime.start.p0(i64 64, ptr %32) #7
  call void @llvm.lifetime.start.p0(i64 8, ptr %33) #7
  store i64 0, ptr %33, align 8, !tbaa !8
  br label %140

140:                                              ; preds = %158, %139
  %141 = load i64, ptr %33, align 8, !tbaa !8
  %142 = icmp slt i64 %141, 4
  br i1 %142, label %144, label %143

143:                                              ; preds = %140
  store i32 14, ptr %18, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %33) #7
  br label %161

144:                                              ; preds = %140
  %145 = load i64, ptr %33, align 8, !tbaa !8
  %146 = getelementptr inbounds [4 x <16 x i32>], ptr %23, i64 0, i64 %145
  %147 = load <16 x i32>, ptr %146, align 64, !tbaa !12
  %148 = load i64, ptr %33, align 8, !tbaa !8
  %149 = getelementptr inbounds [4 x <16 x i32>], ptr %24, i64 0, i64 %148
  %150 = load <16 x i32>, ptr %149, align 64, !tbaa !12
  %151 = load i64, ptr %33, align 8, !tbaa !8
  %152 = getelementptr inbounds [4 x <16 x i32>], ptr %25, i64 0, i64 %151
  %153 = load <16 x i32>, ptr %152, align 64, !tbaa !12
  %154 = call <16 x i32> @joined(<16 x i32> noundef %147, <16 x i32> noundef %150, <16 x i32> noundef %153) #8
  %155 = call <4 x i32> @fold(<16 x i32> noundef %154) #8
  %156 = load i64, ptr %33, align 8, !tbaa !8
  %157 = getelementptr inbounds [4 x <4 x i32>], ptr %32, i64 0, i64 %156
  store <4 x i32> %155, ptr %157, align 16, !tbaa !12
  br label %158

158:                                              ; preds = %144
  %159 = load i64, ptr %33, align 8, !tbaa !8
  %160 = add nsw i64 %159, 1
  store i64 %160, ptr %33, align 8, !tbaa !8
  br label %140, !llvm.loop !17

161:                                              ; preds = %143
  call void @llvm.lifetime.start.p0(i64 16, ptr %34) #7
  %162 = getelementptr inbounds [4 x <4 x i32>], ptr %32, i64 0, i64 0
  %163 = load <4 x i32>, ptr %162, align 16, !tbaa !12
  %164 = getelementptr inbounds [4 x <4 x i32>], ptr %32, i64 0, i64 1
  %165 = load <4 x i32>, ptr %164, align 16, !tbaa !12
  %166 = shufflevector <4 x i32> %163, <4 x i32> %165, <4 x i32> <i32 0, i32 4, i32 1, i32 5>
  %167 = getelementptr inbounds [4 x <4 x i32>], ptr %32, i64 0, i64 0
  %168 = load <4 x i32>, ptr %167, align 16, !tbaa !12
  %169 = getelementptr inbounds [4 x <4 x i32>], ptr %32, i64 0, i64 1
  %170 = load <4 x i32>, ptr %169, align 16, !tbaa !12
  %171 = shufflevector <4 x i32> %168, <4 x i32> %170, <4 x i32> <i32 2, i32 6, i32 3, i32 7>
  %172 = add <4 x i32> %166, %171
  store <4 x i32> %172, ptr %34, align 16, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 16, ptr %35) #7
  %173 = getelementptr inbounds [4 x <4 x i32>], ptr %32, i64 0, i64 2
  %174 = load <4 x i32>, ptr %173, align 16, !tbaa !12
  %175 = getelementptr inbounds [4 x <4 x i32>], ptr %32, i64 0, i64 3
  %176 = load <4 x i32>, ptr %175, align 16, !tbaa !12
  %177 = shufflevector <4 x i32> %174, <4 x i32> %176, <4 x i32> <i32 0, i32 4, i32 1, i32 5>
  %178 = getelementptr inbounds [4 x <4 x i32>], ptr %32, i64 0, i64 2
  %179 = load <4 x i32>, ptr %178, align 16, !tbaa !12
  %180 = getelementptr inbounds [4 x <4 x i32>], ptr %32, i64 0, i64 3
  %181 = load <4 x i32>, ptr %180, align 16, !tbaa !12
  %182 = shufflevector <4 x i32> %179, <4 x i32> %181, <4 x i32> <i32 2, i32 6, i32 3, i32 7>
  %183 = add <4 x i32> %177, %182
  store <4 x i32> %183, ptr %35, align 16, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 16, ptr %36) #7
  %184 = load <4 x i32>, ptr %34, align 16, !tbaa !12
  %185 = load <4 x i32>, ptr %35, align 16, !tbaa !12
  %186 = shufflevector <4 x i32> %184, <4 x i32> %185, <4 x i32> <i32 0, i32 1, i32 4, i32 5>
  %187 = load <4 x i32>, ptr %34, align 16, !tbaa !12
  %188 = load <4 x i32>, ptr %35, align 16, !tbaa !12
  %189 = shufflevector <4 x i32> %187, <4 x i32> %188, <4 x i32> <i32 2, i32 3, i32 6, i32 7>
  %190 = add <4 x i32> %186, %189
  store <4 x i32> %190, ptr %36, align 16, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 8, ptr %37) #7
  store i64 0, ptr %37, align 8, !tbaa !8
  br label %191

191:                                              ; preds = %224, %161
  %192 = load i64, ptr %37, align 8, !tbaa !8
  %193 = icmp slt i64 %192, 4
  br i1 %193, label %195, label %194

194:                                              ; preds = %191
  store i32 17, ptr %18, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %37) #7
  br label %227

195:                                              ; preds = %191
  call void @llvm.lifetime.start.p0(i64 4, ptr %38) #7
  %196 = load <4 x i32>, ptr %36, align 16, !tbaa !12
  %197 = load i64, ptr %37, align 8, !tbaa !8
  %198 = extractelement <4 x i32> %196, i64 %197
  %199 = add nsw i32 %198, 2097152
  %200 = ashr i32 %199, 22
  store i32 %200, ptr %38, align 4, !tbaa !10
  %201 = load i32, ptr %38, align 4, !tbaa !10
  %202 = icmp slt i32 %201, 0
  br i1 %202, label %203, label %204

203:                                              ; preds = %195
  br label %212

204:                                              ; preds = %195
  %205 = load i32, ptr %38, align 4, !tbaa !10
  %206 = icmp sgt i32 %205, 255
  br i1 %206, label %207, label %208

207:                                              ; preds = %204
  br label %210

208:                                              ; preds = %204
  %209 = load i32, ptr %38, align 4, !tbaa !10
  br label %210

210:                                              ; preds = %208, %207
  %211 = phi i32 [ 255, %207 ], [ %209, %208 ]
  br label %212

212:                                              ; preds = %210, %203
  %213 = phi i32 [ 0, %203 ], [ %211, %210 ]
  %214 = trunc i32 %213 to i8
  %215 = load ptr, ptr %16, align 8, !tbaa !4
  %216 = load i64, ptr %19, align 8, !tbaa !8
  %217 = load i64, ptr %37, align 8, !tbaa !8
  %218 = add nsw i64 %216, %217
  %219 = load i64, ptr %15, align 8, !tbaa !8
  %220 = mul nsw i64 %218, %219
  %221 = load i64, ptr %20, align 8, !tbaa !8
  %222 = add nsw i64 %220, %221
  %223 = getelementptr inbounds i8, ptr %215, i64 %222
  store i8 %214, ptr %223, align 1, !tbaa !12
  call void @llvm.lifetime.end.p0(i64 4, ptr %38) #7
  br label %224

224:                                              ; preds = %212
  %225 = load i64, ptr %37, align 8, !tbaa !8
  %226 = add nsw i64 %225, 1
  store i64 %226, ptr %37, align 8, !tbaa !8
  br label %191, !llvm.loop !18

227:                                              ; preds = %194
  call void @llvm.lifetime.end.p0(i64 16, ptr %36) #7
  call void @llvm.lifetime.end.p0(i64 16, ptr %35) #7
  call void @llvm.lifetime.end.p0(i64 16, ptr %34) #7
  call void @llvm.lifetime.end.p0(i64 64, ptr %32) #7
  call void @llvm.lifetime.end.p0(i64 256, ptr %25) #7
  call void @llvm.lifetime.end.p0(i64 256, ptr %24) #7
  call void @llvm.lifetime.end.p0(i64 256, ptr %23) #7
  call void @llvm.lifetime.end.p0(i64 8, ptr %22) #7
  call void @llvm.lifetime.end.p0(i64 8, ptr %21) #7
  br label %228

228:                                              ; preds = %227
  %229 = load i64, ptr %20, align 8, !tbaa !8
  %230 = add nsw i64 %229, 1
  store i64 %230, ptr %20, align 8, !tbaa !8
  br label %56, !llvm.loop !19

231:                                              ; preds = %60
  call void @llvm.lifetime.end.p0(i64 8, ptr %19) #7
  br label %232

232:                                              ; preds = %231
  %233 = load i64, ptr %17, align 8, !tbaa !8
  %234 = add nsw i64 %233, 4
  store i64 %234, ptr %17, align 8, !tbaa !8
  br label %39, !llvm.loop !20

235:                                              ; preds = %43
  ret void
}

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(argmem: readwrite)
declare void @llvm.lifetime.start.p0(i64 immarg, ptr nocapture) #1

; Function Attrs: nocallback nofree nounwind willreturn memory(argmem: write)
declare void @llvm.memset.p0.i64(ptr nocapture writeonly, i8, i64, i1 immarg) #2

; Function Attrs: inlinehint nounwind
define internal <16 x i32> @load(ptr noundef %0) #3 {
  %2 = alloca ptr, align 8
  %3 = alloca <16 x i32>, align 64
  store ptr %0, ptr %2, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 64, ptr %3) #7
  %4 = load ptr, ptr %2, align 8, !tbaa !4
  call void @llvm.memcpy.p0.p0.i64(ptr align 64 %3, ptr align 1 %4, i64 64, i1 false)
  %5 = load <16 x i32>, ptr %3, align 64, !tbaa !12
  call void @llvm.lifetime.end.p0(i64 64, ptr %3) #7
  ret <16 x i32> %5
}

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(none)
declare <16 x i32> @llvm.x86.avx512.vpdpbusd.512(<16 x i32>, <16 x i32>, <16 x i32>) #4

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(argmem: readwrite)
declare void @llvm.lifetime.end.p0(i64 immarg, ptr nocapture) #1

; Function Attrs: inlinehint nounwind
define internal <4 x i32> @fold(<16 x i32> noundef %0) #3 {
  %2 = alloca <16 x i32>, align 64
  %3 = alloca <8 x i32>, align 32
  store <16 x i32> %0, ptr %2, align 64, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 32, ptr %3) #7
  %4 = load <16 x i32>, ptr %2, align 64, !tbaa !12
  %5 = load <16 x i32>, ptr %2, align 64, !tbaa !12
  %6 = shufflevector <16 x i32> %4, <16 x i32> %5, <8 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7>
  %7 = load <16 x i32>, ptr %2, align 64, !tbaa !12
  %8 = load <16 x i32>, ptr %2, align 64, !tbaa !12
  %9 = shufflevector <16 x i32> %7, <16 x i32> %8, <8 x i32> <i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15>
  %10 = add <8 x i32> %6, %9
  store <8 x i32> %10, ptr %3, align 32, !tbaa !12
  %11 = load <8 x i32>, ptr %3, align 32, !tbaa !12
  %12 = load <8 x i32>, ptr %3, align 32, !tbaa !12
  %13 = shufflevector <8 x i32> %11, <8 x i32> %12, <4 x i32> <i32 0, i32 1, i32 2, i32 3>
  %14 = load <8 x i32>, ptr %3, align 32, !tbaa !12
  %15 = load <8 x i32>, ptr %3, align 32, !tbaa !12
  %16 = shufflevector <8 x i32> %14, <8 x i32> %15, <4 x i32> <i32 4, i32 5, i32 6, i32 7>
  %17 = add <4 x i32> %13, %16
  call void @llvm.lifetime.end.p0(i64 32, ptr %3) #7
  ret <4 x i32> %17
}

; Function Attrs: inlinehint nounwind
define internal <16 x i32> @joined(<16 x i32> noundef %0, <16 x i32> noundef %1, <16 x i32> noundef %2) #3 {
  %4 = alloca <16 x i32>, align 64
  %5 = alloca <16 x i32>, align 64
  %6 = alloca <16 x i32>, align 64
  store <16 x i32> %0, ptr %4, align 64, !tbaa !12
  store <16 x i32> %1, ptr %5, align 64, !tbaa !12
  store <16 x i32> %2, ptr %6, align 64, !tbaa !12
  %7 = load <16 x i32>, ptr %6, align 64, !tbaa !12
  %8 = shl <16 x i32> %7, <i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8>
  %9 = load <16 x i32>, ptr %5, align 64, !tbaa !12
  %10 = add <16 x i32> %8, %9
  %11 = shl <16 x i32> %10, <i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8>
  %12 = load <16 x i32>, ptr %4, align 64, !tbaa !12
  %13 = add <16 x i32> %11, %12
  ret <16 x i32> %13
}

; Function Attrs: nounwind
define dso_local void @narrow_rgb(ptr noundef %0, i64 noundef %1, i64 noundef %2, i64 noundef %3, ptr noundef %4, ptr noundef %5, ptr noundef %6, i64 noundef %7, i64 noundef %8, i64 noundef %9, ptr noundef %10, i64 noundef %11, ptr noundef %12) #0 {
  %14 = alloca ptr, align 8
  %15 = alloca i64, align 8
  %16 = alloca i64, align 8
  %17 = alloca i64, align 8
  %18 = alloca ptr, align 8
  %19 = alloca ptr, align 8
  %20 = alloca ptr, align 8
  %21 = alloca i64, align 8
  %22 = alloca i64, align 8
  %23 = alloca i64, align 8
  %24 = alloca ptr, align 8
  %25 = alloca i64, align 8
  %26 = alloca ptr, align 8
  %27 = alloca i64, align 8
  %28 = alloca i32, align 4
  %29 = alloca i64, align 8
  %30 = alloca i64, align 8
  %31 = alloca ptr, align 8
  %32 = alloca i64, align 8
  %33 = alloca [4 x <16 x i32>], align 64
  %34 = alloca [4 x <16 x i32>], align 64
  %35 = alloca [4 x <16 x i32>], align 64
  %36 = alloca i64, align 8
  %37 = alloca <16 x i32>, align 64
  %38 = alloca <16 x i32>, align 64
  %39 = alloca <16 x i32>, align 64
  %40 = alloca <16 x i32>, align 64
  %41 = alloca i64, align 8
  %42 = alloca <16 x i32>, align 64
  %43 = alloca i64, align 8
  %44 = alloca <16 x i32>, align 64
  %45 = alloca <16 x i32>, align 64
  %46 = alloca <16 x i32>, align 64
  %47 = alloca <16 x i8>, align 16
  store ptr %0, ptr %14, align 8, !tbaa !4
  store i64 %1, ptr %15, align 8, !tbaa !8
  store i64 %2, ptr %16, align 8, !tbaa !8
  store i64 %3, ptr %17, align 8, !tbaa !8
  store ptr %4, ptr %18, align 8, !tbaa !4
  store ptr %5, ptr %19, align 8, !tbaa !4
  store ptr %6, ptr %20, align 8, !tbaa !4
  store i64 %7, ptr %21, align 8, !tbaa !8
  store i64 %8, ptr %22, align 8, !tbaa !8
  store i64 %9, ptr %23, align 8, !tbaa !8
  store ptr %10, ptr %24, align 8, !tbaa !4
  store i64 %11, ptr %25, align 8, !tbaa !8
  store ptr %12, ptr %26, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 8, ptr %27) #7
  store i64 0, ptr %27, align 8, !tbaa !8
  br label %48

48:                                               ; preds = %219, %13
  %49 = load i64, ptr %27, align 8, !tbaa !8
  %50 = load i64, ptr %16, align 8, !tbaa !8
  %51 = icmp slt i64 %49, %50
  br i1 %51, label %53, label %52

52:                                               ; preds = %48
  store i32 2, ptr %28, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %27) #7
  br label %222

53:                                               ; preds = %48
  call void @llvm.lifetime.start.p0(i64 8, ptr %29) #7
  %54 = load i64, ptr %27, align 8, !tbaa !8
  %55 = add nsw i64 %54, 4
  %56 = load i64, ptr %16, align 8, !tbaa !8
  %57 = icmp sle i64 %55, %56
  br i1 %57, label %58, label %60

58:                                               ; preds = %53
  %59 = load i64, ptr %27, align 8, !tbaa !8
  br label %63

60:                                               ; preds = %53
  %61 = load i64, ptr %16, align 8, !tbaa !8
  %62 = sub nsw i64 %61, 4
  br label %63

63:                                               ; preds = %60, %58
  %64 = phi i64 [ %59, %58 ], [ %62, %60 ]
  store i64 %64, ptr %29, align 8, !tbaa !8
  call void @llvm.lifetime.start.p0(i64 8, ptr %30) #7
  store i64 0, ptr %30, align 8, !tbaa !8
  br label %65

65:                                               ; preds = %83, %63
  %66 = load i64, ptr %30, align 8, !tbaa !8
  %67 = icmp slt i64 %66, 4
  br i1 %67, label %69, label %68

68:                                               ; preds = %65
  store i32 5, ptr %28, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %30) #7
  br label %86

69:                                               ; preds = %65
  %70 = load ptr, ptr %24, align 8, !tbaa !4
  %71 = load i64, ptr %30, align 8, !tbaa !8
  %72 = load i64, ptr %25, align 8, !tbaa !8
  %73 = mul nsw i64 %71, %72
  %74 = getelementptr inbounds i8, ptr %70, i64 %73
  %75 = load ptr, ptr %14, align 8, !tbaa !4
  %76 = load i64, ptr %29, align 8, !tbaa !8
  %77 = load i64, ptr %30, align 8, !tbaa !8
  %78 = add nsw i64 %76, %77
  %79 = load i64, ptr %15, align 8, !tbaa !8
  %80 = mul nsw i64 %78, %79
  %81 = getelementptr inbounds i8, ptr %75, i64 %80
  %82 = load i64, ptr %17, align 8, !tbaa !8
  call void @llvm.memcpy.p0.p0.i64(ptr align 1 %74, ptr align 1 %81, i64 %82, i1 false)
  br label %83

83:                                               ; preds = %69
  %84 = load i64, ptr %30, align 8, !tbaa !8
  %85 = add nsw i64 %84, 1
  store i64 %85, ptr %30, align 8, !tbaa !8
  br label %65, !llvm.loop !21

86:                                               ; preds = %68
  call void @llvm.lifetime.start.p0(i64 8, ptr %31) #7
  %87 = load ptr, ptr %20, align 8, !tbaa !4
  store ptr %87, ptr %31, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 8, ptr %32) #7
  store i64 0, ptr %32, align 8, !tbaa !8
  br label %88

88:                                               ; preds = %215, %86
  %89 = load i64, ptr %32, align 8, !tbaa !8
  %90 = load i64, ptr %22, align 8, !tbaa !8
  %91 = icmp slt i64 %89, %90
  br i1 %91, label %93, label %92

92:                                               ; preds = %88
  store i32 8, ptr %28, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %32) #7
  br label %218

93:                                               ; preds = %88
  call void @llvm.lifetime.start.p0(i64 256, ptr %33) #7
  call void @llvm.memset.p0.i64(ptr align 64 %33, i8 0, i64 256, i1 false)
  call void @llvm.lifetime.start.p0(i64 256, ptr %34) #7
  call void @llvm.memset.p0.i64(ptr align 64 %34, i8 0, i64 256, i1 false)
  call void @llvm.lifetime.start.p0(i64 256, ptr %35) #7
  call void @llvm.memset.p0.i64(ptr align 64 %35, i8 0, i64 256, i1 false)
  call void @llvm.lifetime.start.p0(i64 8, ptr %36) #7
  store i64 0, ptr %36, align 8, !tbaa !8
  br label %94

94:                                               ; preds = %165, %93
  %95 = load i64, ptr %36, align 8, !tbaa !8
  %96 = load i64, ptr %21, align 8, !tbaa !8
  %97 = icmp slt i64 %95, %96
  br i1 %97, label %99, label %98

98:                                               ; preds = %94
  store i32 11, ptr %28, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %36) #7
  br label %170

99:                                               ; preds = %94
  call void @llvm.lifetime.start.p0(i64 64, ptr %37) #7
  %100 = load ptr, ptr %31, align 8, !tbaa !4
  %101 = call <16 x i32> @load(ptr noundef %100) #8
  store <16 x i32> %101, ptr %37, align 64, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 64, ptr %38) #7
  %102 = load ptr, ptr %31, align 8, !tbaa !4
  %103 = getelementptr inbounds i8, ptr %102, i64 64
  %104 = call <16 x i32> @load(ptr noundef %103) #8
  store <16 x i32> %104, ptr %38, align 64, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 64, ptr %39) #7
  %105 = load ptr, ptr %31, align 8, !tbaa !4
  %106 = getelementptr inbounds i8, ptr %105, i64 128
  %107 = call <16 x i32> @load(ptr noundef %106) #8
  store <16 x i32> %107, ptr %39, align 64, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 64, ptr %40) #7
  %108 = load ptr, ptr %31, align 8, !tbaa !4
  %109 = getelementptr inbounds i8, ptr %108, i64 192
  %110 = call <16 x i32> @load(ptr noundef %109) #8
  store <16 x i32> %110, ptr %40, align 64, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 8, ptr %41) #7
  store i64 0, ptr %41, align 8, !tbaa !8
  br label %111

111:                                              ; preds = %161, %99
  %112 = load i64, ptr %41, align 8, !tbaa !8
  %113 = icmp slt i64 %112, 4
  br i1 %113, label %115, label %114

114:                                              ; preds = %111
  store i32 14, ptr %28, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %41) #7
  br label %164

115:                                              ; preds = %111
  call void @llvm.lifetime.start.p0(i64 64, ptr %42) #7
  %116 = load ptr, ptr %24, align 8, !tbaa !4
  %117 = load i64, ptr %41, align 8, !tbaa !8
  %118 = load i64, ptr %25, align 8, !tbaa !8
  %119 = mul nsw i64 %117, %118
  %120 = getelementptr inbounds i8, ptr %116, i64 %119
  %121 = load ptr, ptr %18, align 8, !tbaa !4
  %122 = load i64, ptr %32, align 8, !tbaa !8
  %123 = getelementptr inbounds i32, ptr %121, i64 %122
  %124 = load i32, ptr %123, align 4, !tbaa !10
  %125 = sext i32 %124 to i64
  %126 = getelementptr inbounds i8, ptr %120, i64 %125
  %127 = load i64, ptr %36, align 8, !tbaa !8
  %128 = mul nsw i64 3, %127
  %129 = getelementptr inbounds i8, ptr %126, i64 %128
  %130 = call <16 x i32> @load(ptr noundef %129) #8
  store <16 x i32> %130, ptr %42, align 64, !tbaa !12
  %131 = load <16 x i32>, ptr %42, align 64, !tbaa !12
  %132 = bitcast <16 x i32> %131 to <64 x i8>
  %133 = load <16 x i32>, ptr %37, align 64, !tbaa !12
  %134 = bitcast <16 x i32> %133 to <64 x i8>
  %135 = call <64 x i8> @llvm.x86.avx512.permvar.qi.512(<64 x i8> %132, <64 x i8> %134)
  %136 = bitcast <64 x i8> %135 to <16 x i32>
  store <16 x i32> %136, ptr %42, align 64, !tbaa !12
  %137 = load i64, ptr %41, align 8, !tbaa !8
  %138 = getelementptr inbounds [4 x <16 x i32>], ptr %33, i64 0, i64 %137
  %139 = load <16 x i32>, ptr %138, align 64, !tbaa !12
  %140 = load <16 x i32>, ptr %42, align 64, !tbaa !12
  %141 = load <16 x i32>, ptr %38, align 64, !tbaa !12
  %142 = call <16 x i32> @llvm.x86.avx512.vpdpbusd.512(<16 x i32> %139, <16 x i32> %140, <16 x i32> %141)
  %143 = load i64, ptr %41, align 8, !tbaa !8
  %144 = getelementptr inbounds [4 x <16 x i32>], ptr %33, i64 0, i64 %143
  store <16 x i32> %142, ptr %144, align 64, !tbaa !12
  %145 = load i64, ptr %41, align 8, !tbaa !8
  %146 = getelementptr inbounds [4 x <16 x i32>], ptr %34, i64 0, i64 %145
  %147 = load <16 x i32>, ptr %146, align 64, !tbaa !12
  %148 = load <16 x i32>, ptr %42, align 64, !tbaa !12
  %149 = load <16 x i32>, ptr %39, align 64, !tbaa !12
  %150 = call <16 x i32> @llvm.x86.avx512.vpdpbusd.512(<16 x i32> %147, <16 x i32> %148, <16 x i32> %149)
  %151 = load i64, ptr %41, align 8, !tbaa !8
  %152 = getelementptr inbounds [4 x <16 x i32>], ptr %34, i64 0, i64 %151
  store <16 x i32> %150, ptr %152, align 64, !tbaa !12
  %153 = load i64, ptr %41, align 8, !tbaa !8
  %154 = getelementptr inbounds [4 x <16 x i32>], ptr %35, i64 0, i64 %153
  %155 = load <16 x i32>, ptr %154, align 64, !tbaa !12
  %156 = load <16 x i32>, ptr %42, align 64, !tbaa !12
  %157 = load <16 x i32>, ptr %40, align 64, !tbaa !12
  %158 = call <16 x i32> @llvm.x86.avx512.vpdpbusd.512(<16 x i32> %155, <16 x i32> %156, <16 x i32> %157)
  %159 = load i64, ptr %41, align 8, !tbaa !8
  %160 = getelementptr inbounds [4 x <16 x i32>], ptr %35, i64 0, i64 %159
  store <16 x i32> %158, ptr %160, align 64, !tbaa !12
  call void @llvm.lifetime.end.p0(i64 64, ptr %42) #7
  br label %161

161:                                              ; preds = %115
  %162 = load i64, ptr %41, align 8, !tbaa !8
  %163 = add nsw i64 %162, 1
  store i64 %163, ptr %41, align 8, !tbaa !8
  br label %111, !llvm.loop !22

164:                                              ; preds = %114
  call void @llvm.lifetime.end.p0(i64 64, ptr %40) #7
  call void @llvm.lifetime.end.p0(i64 64, ptr %39) #7
  call void @llvm.lifetime.end.p0(i64 64, ptr %38) #7
  call void @llvm.lifetime.end.p0(i64 64, ptr %37) #7
  br label %165

165:                                              ; preds = %164
  %166 = load i64, ptr %36, align 8, !tbaa !8
  %167 = add nsw i64 %166, 4
  store i64 %167, ptr %36, align 8, !tbaa !8
  %168 = load ptr, ptr %31, align 8, !tbaa !4
  %169 = getelementptr inbounds i8, ptr %168, i64 256
  store ptr %169, ptr %31, align 8, !tbaa !4
  br label %94, !llvm.loop !23

170:                                              ; preds = %98
  call void @llvm.lifetime.start.p0(i64 8, ptr %43) #7
  store i64 0, ptr %43, align 8, !tbaa !8
  br label %171

171:                                              ; preds = %211, %170
  %172 = load i64, ptr %43, align 8, !tbaa !8
  %173 = icmp slt i64 %172, 4
  br i1 %173, label %175, label %174

174:                                              ; preds = %171
  store i32 17, ptr %28, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %43) #7
  br label %214

175:                                              ; preds = %171
  call void @llvm.lifetime.start.p0(i64 64, ptr %44) #7
  %176 = load i64, ptr %43, align 8, !tbaa !8
  %177 = getelementptr inbounds [4 x <16 x i32>], ptr %33, i64 0, i64 %176
  %178 = load <16 x i32>, ptr %177, align 64, !tbaa !12
  %179 = load i64, ptr %43, align 8, !tbaa !8
  %180 = getelementptr inbounds [4 x <16 x i32>], ptr %34, i64 0, i64 %179
  %181 = load <16 x i32>, ptr %180, align 64, !tbaa !12
  %182 = load i64, ptr %43, align 8, !tbaa !8
  %183 = getelementptr inbounds [4 x <16 x i32>], ptr %35, i64 0, i64 %182
  %184 = load <16 x i32>, ptr %183, align 64, !tbaa !12
  %185 = call <16 x i32> @joined(<16 x i32> noundef %178, <16 x i32> noundef %181, <16 x i32> noundef %184) #8
  %186 = add <16 x i32> %185, <i32 2097152, i32 2097152, i32 2097152, i32 2097152, i32 2097152, i32 2097152, i32 2097152, i32 2097152, i32 2097152, i32 2097152, i32 2097152, i32 2097152, i32 2097152, i32 2097152, i32 2097152, i32 2097152>
  %187 = ashr <16 x i32> %186, <i32 22, i32 22, i32 22, i32 22, i32 22, i32 22, i32 22, i32 22, i32 22, i32 22, i32 22, i32 22, i32 22, i32 22, i32 22, i32 22>
  store <16 x i32> %187, ptr %44, align 64, !tbaa !12
  %188 = load <16 x i32>, ptr %44, align 64, !tbaa !12
  store <16 x i32> zeroinitializer, ptr %45, align 64, !tbaa !12
  %189 = load <16 x i32>, ptr %45, align 64, !tbaa !12
  %190 = call <16 x i32> @llvm.smax.v16i32(<16 x i32> %188, <16 x i32> %189)
  store <16 x i32> zeroinitializer, ptr %46, align 64, !tbaa !12
  %191 = load <16 x i32>, ptr %46, align 64, !tbaa !12
  %192 = add <16 x i32> %191, <i32 255, i32 255, i32 255, i32 255, i32 255, i32 255, i32 255, i32 255, i32 255, i32 255, i32 255, i32 255, i32 255, i32 255, i32 255, i32 255>
  %193 = call <16 x i32> @llvm.smin.v16i32(<16 x i32> %190, <16 x i32> %192)
  store <16 x i32> %193, ptr %44, align 64, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 16, ptr %47) #7
  %194 = load <16 x i32>, ptr %44, align 64, !tbaa !12
  %195 = trunc <16 x i32> %194 to <16 x i8>
  store <16 x i8> %195, ptr %47, align 16, !tbaa !12
  %196 = load ptr, ptr %26, align 8, !tbaa !4
  %197 = load i64, ptr %29, align 8, !tbaa !8
  %198 = load i64, ptr %43, align 8, !tbaa !8
  %199 = add nsw i64 %197, %198
  %200 = mul nsw i64 %199, 3
  %201 = load i64, ptr %23, align 8, !tbaa !8
  %202 = mul nsw i64 %200, %201
  %203 = getelementptr inbounds i8, ptr %196, i64 %202
  %204 = load ptr, ptr %19, align 8, !tbaa !4
  %205 = load i64, ptr %32, align 8, !tbaa !8
  %206 = getelementptr inbounds i32, ptr %204, i64 %205
  %207 = load i32, ptr %206, align 4, !tbaa !10
  %208 = mul nsw i32 3, %207
  %209 = sext i32 %208 to i64
  %210 = getelementptr inbounds i8, ptr %203, i64 %209
  call void @llvm.memcpy.p0.p0.i64(ptr align 1 %210, ptr align 16 %47, i64 15, i1 false)
  call void @llvm.lifetime.end.p0(i64 16, ptr %47) #7
  call void @llvm.lifetime.end.p0(i64 64, ptr %44) #7
  br label %211

211:                                              ; preds = %175
  %212 = load i64, ptr %43, align 8, !tbaa !8
  %213 = add nsw i64 %212, 1
  store i64 %213, ptr %43, align 8, !tbaa !8
  br label %171, !llvm.loop !24

214:                                              ; preds = %174
  call void @llvm.lifetime.end.p0(i64 256, ptr %35) #7
  call void @llvm.lifetime.end.p0(i64 256, ptr %34) #7
  call void @llvm.lifetime.end.p0(i64 256, ptr %33) #7
  br label %215

215:                                              ; preds = %214
  %216 = load i64, ptr %32, align 8, !tbaa !8
  %217 = add nsw i64 %216, 1
  store i64 %217, ptr %32, align 8, !tbaa !8
  br label %88, !llvm.loop !25

218:                                              ; preds = %92
  call void @llvm.lifetime.end.p0(i64 8, ptr %31) #7
  call void @llvm.lifetime.end.p0(i64 8, ptr %29) #7
  br label %219

219:                                              ; preds = %218
  %220 = load i64, ptr %27, align 8, !tbaa !8
  %221 = add nsw i64 %220, 4
  store i64 %221, ptr %27, align 8, !tbaa !8
  br label %48, !llvm.loop !26

222:                                              ; preds = %52
  ret void
}

; Function Attrs: nocallback nofree nounwind willreturn memory(argmem: readwrite)
declare void @llvm.memcpy.p0.p0.i64(ptr noalias nocapture writeonly, ptr noalias nocapture readonly, i64, i1 immarg) #5

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(none)
declare <64 x i8> @llvm.x86.avx512.permvar.qi.512(<64 x i8>, <64 x i8>) #4

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare <16 x i32> @llvm.smax.v16i32(<16 x i32>, <16 x i32>) #6

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare <16 x i32> @llvm.smin.v16i32(<16 x i32>, <16 x i32>) #6

; Function Attrs: nounwind
define dso_local void @grey(ptr noundef %0, i64 noundef %1, i64 noundef %2, i64 noundef %3, ptr noundef %4, ptr noundef %5) #0 {
  %7 = alloca ptr, align 8
  %8 = alloca i64, align 8
  %9 = alloca i64, align 8
  %10 = alloca i64, align 8
  %11 = alloca ptr, align 8
  %12 = alloca ptr, align 8
  %13 = alloca <64 x i8>, align 64
  %14 = alloca i64, align 8
  %15 = alloca i32, align 4
  %16 = alloca i64, align 8
  %17 = alloca i64, align 8
  %18 = alloca i64, align 8
  %19 = alloca <16 x i32>, align 64
  %20 = alloca <16 x i32>, align 64
  %21 = alloca <16 x i32>, align 64
  %22 = alloca <16 x i32>, align 64
  %23 = alloca <16 x i32>, align 64
  %24 = alloca <16 x i32>, align 64
  %25 = alloca <16 x i32>, align 64
  %26 = alloca <16 x i8>, align 16
  store ptr %0, ptr %7, align 8, !tbaa !4
  store i64 %1, ptr %8, align 8, !tbaa !8
  store i64 %2, ptr %9, align 8, !tbaa !8
  store i64 %3, ptr %10, align 8, !tbaa !8
  store ptr %4, ptr %11, align 8, !tbaa !4
  store ptr %5, ptr %12, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 64, ptr %13) #7
  %27 = load ptr, ptr %11, align 8, !tbaa !4
  %28 = call <16 x i32> @load(ptr noundef %27) #8
  %29 = bitcast <16 x i32> %28 to <64 x i8>
  store <64 x i8> %29, ptr %13, align 64, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 8, ptr %14) #7
  store i64 0, ptr %14, align 8, !tbaa !8
  br label %30

30:                                               ; preds = %103, %6
  %31 = load i64, ptr %14, align 8, !tbaa !8
  %32 = load i64, ptr %9, align 8, !tbaa !8
  %33 = icmp slt i64 %31, %32
  br i1 %33, label %35, label %34

34:                                               ; preds = %30
  store i32 2, ptr %15, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %14) #7
  br label %112

35:                                               ; preds = %30
  call void @llvm.lifetime.start.p0(i64 8, ptr %16) #7
  store i64 0, ptr %16, align 8, !tbaa !8
  br label %36

36:                                               ; preds = %99, %35
  %37 = load i64, ptr %16, align 8, !tbaa !8
  %38 = load i64, ptr %10, align 8, !tbaa !8
  %39 = icmp slt i64 %37, %38
  br i1 %39, label %41, label %40

40:                                               ; preds = %36
  store i32 5, ptr %15, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %16) #7
  br label %102

41:                                               ; preds = %36
  call void @llvm.lifetime.start.p0(i64 8, ptr %17) #7
  %42 = load i64, ptr %16, align 8, !tbaa !8
  %43 = add nsw i64 %42, 22
  %44 = load i64, ptr %10, align 8, !tbaa !8
  %45 = icmp sgt i64 %43, %44
  %46 = zext i1 %45 to i32
  %47 = sext i32 %46 to i64
  store i64 %47, ptr %17, align 8, !tbaa !8
  call void @llvm.lifetime.start.p0(i64 8, ptr %18) #7
  %48 = load i64, ptr %16, align 8, !tbaa !8
  %49 = add nsw i64 %48, 16
  %50 = load i64, ptr %10, align 8, !tbaa !8
  %51 = icmp sle i64 %49, %50
  br i1 %51, label %52, label %54

52:                                               ; preds = %41
  %53 = load i64, ptr %16, align 8, !tbaa !8
  br label %57

54:                                               ; preds = %41
  %55 = load i64, ptr %10, align 8, !tbaa !8
  %56 = sub nsw i64 %55, 16
  br label %57

57:                                               ; preds = %54, %52
  %58 = phi i64 [ %53, %52 ], [ %56, %54 ]
  store i64 %58, ptr %18, align 8, !tbaa !8
  call void @llvm.lifetime.start.p0(i64 64, ptr %19) #7
  %59 = load ptr, ptr %7, align 8, !tbaa !4
  %60 = load i64, ptr %18, align 8, !tbaa !8
  %61 = mul nsw i64 3, %60
  %62 = getelementptr inbounds i8, ptr %59, i64 %61
  %63 = load i64, ptr %17, align 8, !tbaa !8
  %64 = mul nsw i64 16, %63
  %65 = sub i64 0, %64
  %66 = getelementptr inbounds i8, ptr %62, i64 %65
  %67 = call <16 x i32> @load(ptr noundef %66) #8
  store <16 x i32> %67, ptr %19, align 64, !tbaa !12
  %68 = load <16 x i32>, ptr %19, align 64, !tbaa !12
  %69 = bitcast <16 x i32> %68 to <64 x i8>
  %70 = load <64 x i8>, ptr %13, align 64, !tbaa !12
  %71 = load i64, ptr %17, align 8, !tbaa !8
  %72 = mul nsw i64 16, %71
  %73 = trunc i64 %72 to i8
  %74 = insertelement <64 x i8> poison, i8 %73, i64 0
  %75 = shufflevector <64 x i8> %74, <64 x i8> poison, <64 x i32> zeroinitializer
  %76 = add <64 x i8> %70, %75
  %77 = call <64 x i8> @llvm.x86.avx512.permvar.qi.512(<64 x i8> %69, <64 x i8> %76)
  %78 = bitcast <64 x i8> %77 to <16 x i32>
  store <16 x i32> %78, ptr %19, align 64, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 64, ptr %20) #7
  store <16 x i32> zeroinitializer, ptr %21, align 64, !tbaa !12
  %79 = load <16 x i32>, ptr %21, align 64, !tbaa !12
  %80 = add <16 x i32> %79, <i32 16384, i32 16384, i32 16384, i32 16384, i32 16384, i32 16384, i32 16384, i32 16384, i32 16384, i32 16384, i32 16384, i32 16384, i32 16384, i32 16384, i32 16384, i32 16384>
  %81 = load <16 x i32>, ptr %19, align 64, !tbaa !12
  store <16 x i32> zeroinitializer, ptr %22, align 64, !tbaa !12
  %82 = load <16 x i32>, ptr %22, align 64, !tbaa !12
  %83 = add <16 x i32> %82, <i32 9904966, i32 9904966, i32 9904966, i32 9904966, i32 9904966, i32 9904966, i32 9904966, i32 9904966, i32 9904966, i32 9904966, i32 9904966, i32 9904966, i32 9904966, i32 9904966, i32 9904966, i32 9904966>
  %84 = call <16 x i32> @llvm.x86.avx512.vpdpbusd.512(<16 x i32> %80, <16 x i32> %81, <16 x i32> %83)
  store <16 x i32> %84, ptr %20, align 64, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 64, ptr %23) #7
  store <16 x i32> zeroinitializer, ptr %24, align 64, !tbaa !12
  %85 = load <16 x i32>, ptr %24, align 64, !tbaa !12
  %86 = load <16 x i32>, ptr %19, align 64, !tbaa !12
  store <16 x i32> zeroinitializer, ptr %25, align 64, !tbaa !12
  %87 = load <16 x i32>, ptr %25, align 64, !tbaa !12
  %88 = add <16 x i32> %87, <i32 1002278, i32 1002278, i32 1002278, i32 1002278, i32 1002278, i32 1002278, i32 1002278, i32 1002278, i32 1002278, i32 1002278, i32 1002278, i32 1002278, i32 1002278, i32 1002278, i32 1002278, i32 1002278>
  %89 = call <16 x i32> @llvm.x86.avx512.vpdpbusd.512(<16 x i32> %85, <16 x i32> %86, <16 x i32> %88)
  store <16 x i32> %89, ptr %23, align 64, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 16, ptr %26) #7
  %90 = load <16 x i32>, ptr %23, align 64, !tbaa !12
  %91 = shl <16 x i32> %90, <i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8, i32 8>
  %92 = load <16 x i32>, ptr %20, align 64, !tbaa !12
  %93 = add <16 x i32> %91, %92
  %94 = ashr <16 x i32> %93, <i32 15, i32 15, i32 15, i32 15, i32 15, i32 15, i32 15, i32 15, i32 15, i32 15, i32 15, i32 15, i32 15, i32 15, i32 15, i32 15>
  %95 = trunc <16 x i32> %94 to <16 x i8>
  store <16 x i8> %95, ptr %26, align 16, !tbaa !12
  %96 = load ptr, ptr %12, align 8, !tbaa !4
  %97 = load i64, ptr %18, align 8, !tbaa !8
  %98 = getelementptr inbounds i8, ptr %96, i64 %97
  call void @llvm.memcpy.p0.p0.i64(ptr align 1 %98, ptr align 16 %26, i64 16, i1 false)
  call void @llvm.lifetime.end.p0(i64 16, ptr %26) #7
  call void @llvm.lifetime.end.p0(i64 64, ptr %23) #7
  call void @llvm.lifetime.end.p0(i64 64, ptr %20) #7
  call void @llvm.lifetime.end.p0(i64 64, ptr %19) #7
  call void @llvm.lifetime.end.p0(i64 8, ptr %18) #7
  call void @llvm.lifetime.end.p0(i64 8, ptr %17) #7
  br label %99

99:                                               ; preds = %57
  %100 = load i64, ptr %16, align 8, !tbaa !8
  %101 = add nsw i64 %100, 16
  store i64 %101, ptr %16, align 8, !tbaa !8
  br label %36, !llvm.loop !27

102:                                              ; preds = %40
  br label %103

103:                                              ; preds = %102
  %104 = load i64, ptr %14, align 8, !tbaa !8
  %105 = add nsw i64 %104, 1
  store i64 %105, ptr %14, align 8, !tbaa !8
  %106 = load i64, ptr %8, align 8, !tbaa !8
  %107 = load ptr, ptr %7, align 8, !tbaa !4
  %108 = getelementptr inbounds i8, ptr %107, i64 %106
  store ptr %108, ptr %7, align 8, !tbaa !4
  %109 = load i64, ptr %10, align 8, !tbaa !8
  %110 = load ptr, ptr %12, align 8, !tbaa !4
  %111 = getelementptr inbounds i8, ptr %110, i64 %109
  store ptr %111, ptr %12, align 8, !tbaa !4
  br label %30, !llvm.loop !28

112:                                              ; preds = %34
  call void @llvm.lifetime.end.p0(i64 64, ptr %13) #7
  ret void
}

; Function Attrs: nounwind
define dso_local void @halve(ptr noundef %0, i64 noundef %1, i64 noundef %2, i64 noundef %3, ptr noundef %4, ptr noundef %5) #0 {
  %7 = alloca ptr, align 8
  %8 = alloca i64, align 8
  %9 = alloca i64, align 8
  %10 = alloca i64, align 8
  %11 = alloca ptr, align 8
  %12 = alloca ptr, align 8
  %13 = alloca <64 x i8>, align 64
  %14 = alloca i64, align 8
  %15 = alloca i32, align 4
  %16 = alloca i64, align 8
  %17 = alloca i64, align 8
  %18 = alloca i64, align 8
  %19 = alloca ptr, align 8
  %20 = alloca <64 x i8>, align 64
  %21 = alloca <64 x i8>, align 64
  %22 = alloca <64 x i8>, align 64
  %23 = alloca i64, align 8
  %24 = alloca <16 x i32>, align 64
  %25 = alloca <16 x i32>, align 64
  %26 = alloca <16 x i32>, align 64
  %27 = alloca <16 x i32>, align 64
  %28 = alloca <16 x i8>, align 16
  store ptr %0, ptr %7, align 8, !tbaa !4
  store i64 %1, ptr %8, align 8, !tbaa !8
  store i64 %2, ptr %9, align 8, !tbaa !8
  store i64 %3, ptr %10, align 8, !tbaa !8
  store ptr %4, ptr %11, align 8, !tbaa !4
  store ptr %5, ptr %12, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 64, ptr %13) #7
  %29 = load ptr, ptr %11, align 8, !tbaa !4
  %30 = call <16 x i32> @load(ptr noundef %29) #8
  %31 = bitcast <16 x i32> %30 to <64 x i8>
  store <64 x i8> %31, ptr %13, align 64, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 8, ptr %14) #7
  store i64 0, ptr %14, align 8, !tbaa !8
  br label %32

32:                                               ; preds = %120, %6
  %33 = load i64, ptr %14, align 8, !tbaa !8
  %34 = load i64, ptr %9, align 8, !tbaa !8
  %35 = icmp slt i64 %33, %34
  br i1 %35, label %37, label %36

36:                                               ; preds = %32
  store i32 2, ptr %15, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %14) #7
  br label %131

37:                                               ; preds = %32
  call void @llvm.lifetime.start.p0(i64 8, ptr %16) #7
  store i64 0, ptr %16, align 8, !tbaa !8
  br label %38

38:                                               ; preds = %116, %37
  %39 = load i64, ptr %16, align 8, !tbaa !8
  %40 = load i64, ptr %10, align 8, !tbaa !8
  %41 = icmp slt i64 %39, %40
  br i1 %41, label %43, label %42

42:                                               ; preds = %38
  store i32 5, ptr %15, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %16) #7
  br label %119

43:                                               ; preds = %38
  call void @llvm.lifetime.start.p0(i64 8, ptr %17) #7
  %44 = load i64, ptr %16, align 8, !tbaa !8
  %45 = add nsw i64 %44, 11
  %46 = load i64, ptr %10, align 8, !tbaa !8
  %47 = icmp sgt i64 %45, %46
  %48 = zext i1 %47 to i32
  %49 = sext i32 %48 to i64
  store i64 %49, ptr %17, align 8, !tbaa !8
  call void @llvm.lifetime.start.p0(i64 8, ptr %18) #7
  %50 = load i64, ptr %16, align 8, !tbaa !8
  %51 = add nsw i64 %50, 10
  %52 = load i64, ptr %10, align 8, !tbaa !8
  %53 = icmp sle i64 %51, %52
  br i1 %53, label %54, label %56

54:                                               ; preds = %43
  %55 = load i64, ptr %16, align 8, !tbaa !8
  br label %59

56:                                               ; preds = %43
  %57 = load i64, ptr %10, align 8, !tbaa !8
  %58 = sub nsw i64 %57, 10
  br label %59

59:                                               ; preds = %56, %54
  %60 = phi i64 [ %55, %54 ], [ %58, %56 ]
  store i64 %60, ptr %18, align 8, !tbaa !8
  call void @llvm.lifetime.start.p0(i64 8, ptr %19) #7
  %61 = load ptr, ptr %7, align 8, !tbaa !4
  %62 = load i64, ptr %18, align 8, !tbaa !8
  %63 = mul nsw i64 6, %62
  %64 = getelementptr inbounds i8, ptr %61, i64 %63
  %65 = load i64, ptr %17, align 8, !tbaa !8
  %66 = mul nsw i64 4, %65
  %67 = sub i64 0, %66
  %68 = getelementptr inbounds i8, ptr %64, i64 %67
  store ptr %68, ptr %19, align 8, !tbaa !4
  call void @llvm.lifetime.start.p0(i64 64, ptr %20) #7
  %69 = load ptr, ptr %19, align 8, !tbaa !4
  %70 = call <16 x i32> @load(ptr noundef %69) #8
  %71 = bitcast <16 x i32> %70 to <64 x i8>
  store <64 x i8> %71, ptr %20, align 64, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 64, ptr %21) #7
  %72 = load ptr, ptr %19, align 8, !tbaa !4
  %73 = load i64, ptr %8, align 8, !tbaa !8
  %74 = getelementptr inbounds i8, ptr %72, i64 %73
  %75 = call <16 x i32> @load(ptr noundef %74) #8
  %76 = bitcast <16 x i32> %75 to <64 x i8>
  store <64 x i8> %76, ptr %21, align 64, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 64, ptr %22) #7
  %77 = load <64 x i8>, ptr %13, align 64, !tbaa !12
  %78 = load i64, ptr %17, align 8, !tbaa !8
  %79 = mul nsw i64 4, %78
  %80 = trunc i64 %79 to i8
  %81 = insertelement <64 x i8> poison, i8 %80, i64 0
  %82 = shufflevector <64 x i8> %81, <64 x i8> poison, <64 x i32> zeroinitializer
  %83 = add <64 x i8> %77, %82
  store <64 x i8> %83, ptr %22, align 64, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 8, ptr %23) #7
  store i64 0, ptr %23, align 8, !tbaa !8
  br label %84

84:                                               ; preds = %110, %59
  %85 = load i64, ptr %23, align 8, !tbaa !8
  %86 = icmp slt i64 %85, 2
  br i1 %86, label %88, label %87

87:                                               ; preds = %84
  store i32 8, ptr %15, align 4
  call void @llvm.lifetime.end.p0(i64 8, ptr %23) #7
  br label %115

88:                                               ; preds = %84
  call void @llvm.lifetime.start.p0(i64 64, ptr %24) #7
  %89 = load <64 x i8>, ptr %20, align 64, !tbaa !12
  %90 = load <64 x i8>, ptr %22, align 64, !tbaa !12
  %91 = load <64 x i8>, ptr %21, align 64, !tbaa !12
  %92 = call <64 x i8> @llvm.x86.avx512.vpermi2var.qi.512(<64 x i8> %89, <64 x i8> %90, <64 x i8> %91)
  %93 = bitcast <64 x i8> %92 to <16 x i32>
  store <16 x i32> %93, ptr %24, align 64, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 64, ptr %25) #7
  store <16 x i32> zeroinitializer, ptr %26, align 64, !tbaa !12
  %94 = load <16 x i32>, ptr %26, align 64, !tbaa !12
  %95 = add <16 x i32> %94, <i32 2, i32 2, i32 2, i32 2, i32 2, i32 2, i32 2, i32 2, i32 2, i32 2, i32 2, i32 2, i32 2, i32 2, i32 2, i32 2>
  %96 = load <16 x i32>, ptr %24, align 64, !tbaa !12
  store <16 x i32> zeroinitializer, ptr %27, align 64, !tbaa !12
  %97 = load <16 x i32>, ptr %27, align 64, !tbaa !12
  %98 = add <16 x i32> %97, <i32 16843009, i32 16843009, i32 16843009, i32 16843009, i32 16843009, i32 16843009, i32 16843009, i32 16843009, i32 16843009, i32 16843009, i32 16843009, i32 16843009, i32 16843009, i32 16843009, i32 16843009, i32 16843009>
  %99 = call <16 x i32> @llvm.x86.avx512.vpdpbusd.512(<16 x i32> %95, <16 x i32> %96, <16 x i32> %98)
  store <16 x i32> %99, ptr %25, align 64, !tbaa !12
  call void @llvm.lifetime.start.p0(i64 16, ptr %28) #7
  %100 = load <16 x i32>, ptr %25, align 64, !tbaa !12
  %101 = ashr <16 x i32> %100, <i32 2, i32 2, i32 2, i32 2, i32 2, i32 2, i32 2, i32 2, i32 2, i32 2, i32 2, i32 2, i32 2, i32 2, i32 2, i32 2>
  %102 = trunc <16 x i32> %101 to <16 x i8>
  store <16 x i8> %102, ptr %28, align 16, !tbaa !12
  %103 = load ptr, ptr %12, align 8, !tbaa !4
  %104 = load i64, ptr %18, align 8, !tbaa !8
  %105 = mul nsw i64 3, %104
  %106 = getelementptr inbounds i8, ptr %103, i64 %105
  %107 = load i64, ptr %23, align 8, !tbaa !8
  %108 = mul nsw i64 15, %107
  %109 = getelementptr inbounds i8, ptr %106, i64 %108
  call void @llvm.memcpy.p0.p0.i64(ptr align 1 %109, ptr align 16 %28, i64 15, i1 false)
  call void @llvm.lifetime.end.p0(i64 16, ptr %28) #7
  call void @llvm.lifetime.end.p0(i64 64, ptr %25) #7
  call void @llvm.lifetime.end.p0(i64 64, ptr %24) #7
  br label %110

110:                                              ; preds = %88
  %111 = load i64, ptr %23, align 8, !tbaa !8
  %112 = add nsw i64 %111, 1
  store i64 %112, ptr %23, align 8, !tbaa !8
  %113 = load <64 x i8>, ptr %22, align 64, !tbaa !12
  %114 = add <64 x i8> %113, <i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30, i8 30>
  store <64 x i8> %114, ptr %22, align 64, !tbaa !12
  br label %84, !llvm.loop !29

115:                                              ; preds = %87
  call void @llvm.lifetime.end.p0(i64 64, ptr %22) #7
  call void @llvm.lifetime.end.p0(i64 64, ptr %21) #7
  call void @llvm.lifetime.end.p0(i64 64, ptr %20) #7
  call void @llvm.lifetime.end.p0(i64 8, ptr %19) #7
  call void @llvm.lifetime.end.p0(i64 8, ptr %18) #7
  call void @llvm.lifetime.end.p0(i64 8, ptr %17) #7
  br label %116

116:                                              ; preds = %115
  %117 = load i64, ptr %16, align 8, !tbaa !8
  %118 = add nsw i64 %117, 10
  store i64 %118, ptr %16, align 8, !tbaa !8
  br label %38, !llvm.loop !30

119:                                              ; preds = %42
  br label %120

120:                                              ; preds = %119
  %121 = load i64, ptr %14, align 8, !tbaa !8
  %122 = add nsw i64 %121, 1
  store i64 %122, ptr %14, align 8, !tbaa !8
  %123 = load i64, ptr %8, align 8, !tbaa !8
  %124 = mul nsw i64 2, %123
  %125 = load ptr, ptr %7, align 8, !tbaa !4
  %126 = getelementptr inbounds i8, ptr %125, i64 %124
  store ptr %126, ptr %7, align 8, !tbaa !4
  %127 = load i64, ptr %10, align 8, !tbaa !8
  %128 = mul nsw i64 3, %127
  %129 = load ptr, ptr %12, align 8, !tbaa !4
  %130 = getelementptr inbounds i8, ptr %129, i64 %128
  store ptr %130, ptr %12, align 8, !tbaa !4
  br label %32, !llvm.loop !31

131:                                              ; preds = %36
  call void @llvm.lifetime.end.p0(i64 64, ptr %13) #7
  ret void
}

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(none)
declare <64 x i8> @llvm.x86.avx512.vpermi2var.qi.512(<64 x i8>, <64 x i8>, <64 x i8>) #4

attributes #0 = { nounwind        }
attributes #1 = { nocallback nofree nosync nounwind willreturn memory(argmem: readwrite) }
attributes #2 = { nocallback nofree nounwind willreturn memory(argmem: write) }
attributes #3 = { inlinehint nounwind        }
attributes #4 = { nocallback nofree nosync nounwind willreturn memory(none) }
attributes #5 = { nocallback nofree nounwind willreturn memory(argmem: readwrite) }
attributes #6 = { nocallback nofree nosync nounwind speculatable willreturn memory(none) }
attributes #7 = { nounwind }
attributes #8 = { nobuiltin  }

!llvm.module.flags = !{!0, !1, !2}
!llvm.ident = !{!3}

!0 = !{i32 1, !"wchar_size", i32 4}
!1 = !{i32 8, !"PIC Level", i32 2}
!2 = !{i32 7, !"PIE Level", i32 2}
!3 = !{!"Debian clang version 19.1.7 (3~deb12u1)"}
!4 = !{!5, !5, i64 0}
!5 = !{!"any pointer", !6, i64 0}
!6 = !{!"omnipotent char", !7, i64 0}
!7 = !{!"Simple C/C++ TBAA"}
!8 = !{!9, !9, i64 0}
!9 = !{!"long long", !6, i64 0}
!10 = !{!11, !11, i64 0}
!11 = !{!"int", !6, i64 0}
!12 = !{!6, !6, i64 0}
!13 = distinct !{!13, !14}
!14 = !{!"llvm.loop.mustprogress"}
!15 = distinct !{!15, !14, !16}
!16 = !{!"llvm.loop.unroll.disable"}
!17 = distinct !{!17, !14}
!18 = distinct !{!18, !14}
!19 = distinct !{!19, !14}
!20 = distinct !{!20, !14}
!21 = distinct !{!21, !14}
!22 = distinct !{!22, !14}
!23 = distinct !{!23, !14, !16}
!24 = distinct !{!24, !14}
!25 = distinct !{!25, !14}
!26 = distinct !{!26, !14}
!27 = distinct !{!27, !14, !16}
!28 = distinct !{!28, !14}
!29 = distinct !{!29, !14}
!30 = distinct !{!30, !14, !16}
!31 = distinct !{!31, !14}
